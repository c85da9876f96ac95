"""`@program` refuses what would go wrong later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Never, cast

import pytest

import flowai
from flowai import CallTool, Clock, Do, ReadClock, Sleep, Tools, gather, program, pure
from flowai.errors import ProgramError, SpecError
from flowai.laws.samples import GiveNumber, give
from flowai.laws.tools import write_line

# The functions here are wrong on purpose.
# mypy: ignore-errors
# pyright: basic, reportInvalidTypeForm=false, reportReturnType=false, reportUndefinedVariable=false


def bare_effect(_: int) -> Do[Clock, None]:
    yield from ReadClock()
    Sleep(1)


def bare_attribute(_: int) -> Do[Clock, None]:
    yield from ReadClock()
    flowai.Sleep(1)


def bare_program(_: int) -> Do[GiveNumber, None]:
    if _:
        give("a")
    yield from GiveNumber("a")


def bare_combinator(_: int) -> Do[Clock, None]:
    for _ in range(3):
        gather(Sleep(1), Sleep(2))
    yield from Sleep(1)


def bare_condition(_: int) -> Do[Tools, None]:
    CallTool(write_line, "x") if _ else None
    yield from CallTool(write_line, "y")


def nothing_asked(_: int) -> Do[Clock, None]:
    Sleep(1)


@pytest.mark.parametrize(
    "function",
    [bare_effect, bare_attribute, bare_program, bare_combinator, bare_condition, nothing_asked],
)
def test_a_forgotten_yield_from_is_refused_with_line_and_hint(function: Callable[..., Any]) -> None:
    with pytest.raises(ProgramError, match=r"test_decorator\.py:\d+") as caught:
        program(function)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("write `yield from ")


def test_a_program_that_forgets_to_run_itself_is_refused() -> None:
    with pytest.raises(ProgramError, match="countdown"):

        @program
        def countdown(number: int) -> Do[Clock, None]:
            yield from Sleep(number)
            countdown(number - 1)


def test_a_name_defined_later_is_looked_up_at_the_first_call() -> None:
    scope: dict[str, Any] = dict(globals())

    @program
    def early() -> Do[Clock, None]:
        yield from Sleep(1)
        defined_later(1)  # noqa: F821 — the mistake under test

    assert scope
    globals()["defined_later"] = give
    try:
        with pytest.raises(ProgramError, match="defined_later"):
            early()
    finally:
        del globals()["defined_later"]


def test_local_names_and_other_calls_are_left_alone() -> None:
    @program
    def careful(log: list[str], gather: Callable[[int], None]) -> Do[Clock, None]:
        log.append("x")
        print("y")  # noqa: T201 — the mistake under test
        gather(1)
        yield from Sleep(1)

    assert careful([], print).effects() == {Clock}


def unannotated():  # noqa: ANN201 — the mistake under test
    yield from Sleep(1)


def annotated_wrongly() -> int:
    yield from Sleep(1)


def annotated_with_unknown() -> Do[Unknown, int]:  # noqa: F821 — the mistake under test
    yield from Sleep(1)


def annotated_with_a_scalar() -> Do[int, int]:
    yield from Sleep(1)


@pytest.mark.parametrize("function", [unannotated, annotated_wrongly, annotated_with_unknown, annotated_with_a_scalar])
def test_a_row_that_cannot_be_read_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(SpecError) as caught:
        program(function)
    assert caught.value.hint == "annotate the return as Do[Row, Answer]"


def test_a_row_may_name_local_classes_and_answers_defined_later() -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class AskLocal(flowai.Effect[int]):
        name: str

    @program
    def local() -> Do[AskLocal | Clock, Later]:
        yield from AskLocal("a")
        return Later()

    assert local.row == {AskLocal, Clock}


class Later:
    """A type that is defined after the program that answers with it."""


def test_a_row_of_nothing_is_empty() -> None:
    @program
    def calm() -> Do[Never, int]:
        return (yield from pure(1))

    assert calm.row == frozenset()


def test_async_functions_methods_and_other_values_are_refused_with_a_hint() -> None:
    async def later() -> None: ...

    for wrong in (later, print, 3, type):
        with pytest.raises(ProgramError) as caught:
            program(cast("Any", wrong))
        assert caught.value.hint
    with pytest.raises(ProgramError, match="method"):

        class Shop:
            @program
            def restock(self) -> Do[Clock, None]:
                yield from Sleep(1)


def test_a_version_changes_with_the_code() -> None:
    assert give.version == give.version
    assert len(give.version) == 16
