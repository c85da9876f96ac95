"""Combinators join rows and keep answers."""

from __future__ import annotations

from typing import Never, TypeVar, assert_type

from flowai import (
    Askable,
    CallTool,
    Clock,
    Do,
    Models,
    Program,
    ProgramFunction,
    Sleep,
    Tools,
    catch,
    ensure,
    fail,
    fallback,
    for_each,
    gather,
    program,
    pure,
    race,
    retry,
    timeout,
)
from flowai.errors import ToolFailed
from tests.typing.tools import AskOracle, RollDice, Stock, read_stock

E = TypeVar("E")
A = TypeVar("A")


@program
def stock_of(sku: str) -> Do[Tools, Stock]:
    """Ask a tool."""
    return (yield from CallTool(read_stock, sku))


@program
def oracle(question: str) -> Do[AskOracle, str]:
    """Ask an effect of one's own."""
    return (yield from AskOracle(question))


@program
def twice(inner: Askable[E, A]) -> Do[E, tuple[A, A]]:
    """Run any program two times, in its own row."""
    first = yield from inner
    second = yield from inner
    return first, second


@program
def composed(skus: list[str]) -> Do[Tools | AskOracle | RollDice | Clock, str]:
    """Run sub-programs of narrower rows."""
    stock = yield from stock_of("A-1")
    assert_type(stock, Stock)
    both = yield from gather(stock_of("A"), oracle("why?"))
    assert_type(both, tuple[Stock, str])
    three = yield from gather(CallTool(read_stock, "A"), AskOracle("b"), RollDice())
    assert_type(three, tuple[Stock, str, int])
    many = yield from gather(*[stock_of(sku) for sku in skus])
    assert_type(many, tuple[Stock, ...])
    assert_type((yield from for_each(skus, stock_of, limit=3)), list[Stock])
    assert_type((yield from for_each(skus, AskOracle)), list[str])
    assert_type((yield from race(oracle("a"), RollDice())), str | int)
    assert_type((yield from fallback(oracle("a"), RollDice(), Sleep(1))), str | int | None)
    assert_type((yield from retry(stock_of("A"), attempts=2)), Stock)
    assert_type((yield from timeout(stock_of("A"), 2)), Stock)
    assert_type((yield from ensure(oracle("a"), Sleep(1))), str)
    assert_type((yield from twice(oracle("a"))), tuple[str, str])
    return both[1]


def on_failure(error: ToolFailed) -> Program[Never, int]:
    """Handle one kind of error."""
    return pure(0 if error.tool is None else 1)


assert_type(stock_of("A"), Program[Tools, Stock])
assert_type(pure(1), Program[Never, int])
assert_type(fail(ValueError("no")), Program[Never, Never])
assert_type(gather(stock_of("A"), oracle("b")), Program[Tools | AskOracle, tuple[Stock, str]])
assert_type(race(stock_of("A"), oracle("b")), Program[Tools | AskOracle, Stock | str])
assert_type(catch(stock_of("A"), on_failure, on=ToolFailed), Program[Tools, Stock | int])
assert_type(catch(stock_of("A"), lambda error: oracle(str(error))), Program[Tools | AskOracle, Stock | str])
assert_type(stock_of("A").map(lambda stock: stock.units), Program[Tools, int])
assert_type(stock_of("A").bind(lambda stock: oracle(str(stock))), Program[Tools | AskOracle, str])
wider: Program[Tools | Models, Stock] = stock_of("A")
handed: ProgramFunction[[str], Tools, Stock] = stock_of
