"""Law 15: depth costs memory, never stack."""

from __future__ import annotations

import threading
from typing import Any

from flowai.laws.law import Subject, law, outcome_of
from flowai.laws.samples import GiveNumber, Then
from flowai.programs import Do, Program, program, pure

STACK_BYTES = 2 * 1024 * 1024


@program
def counted(times: int) -> Do[GiveNumber, int]:
    """Ask many times in a row."""
    total = 0
    for _ in range(times):
        total += yield from GiveNumber("a")
    return total


@program
def descended(depth: int) -> Do[GiveNumber, int]:
    """Ask at the bottom of many programs."""
    if depth == 0:
        return (yield from GiveNumber("a"))
    return (yield from descended(depth - 1))


def to_the_left(depth: int) -> Program[Any, int]:
    """Return binds nested in the first argument."""
    made: Program[Any, int] = pure(0)
    for _ in range(depth):
        made = made.bind(Then(pure(1)))
    return made


def to_the_right(depth: int) -> Program[Any, int]:
    """Return binds nested in the second argument."""
    made: Program[Any, int] = pure(0)
    for _ in range(depth):
        made = pure(1).bind(Then(made))
    return made


def on_a_small_stack(subject: Subject, make: Any) -> tuple[str, Any]:
    """Build, run and drop a program on a thread with 2 MiB of stack."""
    outcomes: list[tuple[str, Any]] = []
    served = subject.interpreter().handling(GiveNumber, lambda _: 1)

    def work() -> None:
        outcomes.append(outcome_of(lambda: served.run(make(subject.depth)).value))

    before = threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=work)
    thread.start()
    threading.stack_size(before)
    thread.join()
    return outcomes[0]


@law(15)
def many_effects_in_a_row(subject: Subject) -> None:
    """One program asks as often as it likes."""
    assert on_a_small_stack(subject, counted) == ("answer", subject.depth)


@law(15)
def many_binds_to_the_left(subject: Subject) -> None:
    """A chain that grows at its end."""
    assert on_a_small_stack(subject, to_the_left) == ("answer", subject.depth)


@law(15)
def many_binds_to_the_right(subject: Subject) -> None:
    """A chain that grows at its start."""
    assert on_a_small_stack(subject, to_the_right) == ("answer", subject.depth)


@law(15)
def many_programs_inside_one_another(subject: Subject) -> None:
    """A program that runs itself."""
    assert on_a_small_stack(subject, descended) == ("answer", 1)
