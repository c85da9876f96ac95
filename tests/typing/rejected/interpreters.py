"""A program on an interpreter that lacks a handler is a type error."""

from __future__ import annotations

from typing import assert_type

from flowai import CallTool, Do, Tools, gather, program
from flowai.interpreters import Test
from tests.typing.tools import AskOracle, RollDice, Stock, read_stock


@program
def oracle(question: str) -> Do[Tools | AskOracle, str]:
    """Ask a tool and an effect of one's own."""
    yield from CallTool(read_stock, "A")
    return (yield from AskOracle(question))


@program
def stock_of(sku: str) -> Do[Tools, Stock]:
    """Ask only what every interpreter answers."""
    return (yield from CallTool(read_stock, sku))


def answer(effect: AskOracle) -> str:
    """Answer the effect."""
    return effect.question


assert_type(Test().run(stock_of("A")).value, Stock)
assert_type(Test().handling(AskOracle, answer).run(oracle("why?")).value, str)
Test().run(oracle("why?"))  # expect-error
Test().handling(AskOracle, answer).run(gather(oracle("why?"), RollDice()))  # expect-error
Test().handling(RollDice, answer)  # expect-error
