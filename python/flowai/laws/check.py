"""The check that an interpreter keeps every law."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowai.laws import agreement, approvals, branches, chains, depth, failures, limits, recordings, references, rows
from flowai.laws.law import LAWS, Law, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowai.laws.law import Factory

MODULES = (chains, branches, failures, agreement, rows, recordings, approvals, references, limits, depth)
"""Where the laws are told; importing a module enters its laws."""


def laws(*, is_timed: bool = True, is_native: bool = True) -> tuple[Law, ...]:
    """Return the laws, in the order of their numbers.

    Args:
        is_timed: Whether to include those that need a virtual clock.
        is_native: Whether to include those of recordings, the gate, references and agents.
    """
    chosen: Iterable[Law] = (law for law in LAWS if (is_timed or not law.is_timed) and (is_native or not law.is_native))
    return tuple(sorted(chosen, key=lambda law: law.number))


def check_interpreter(
    factory: Factory, *, examples: int = 50, depth: int = 10_000, is_timed: bool = True, is_native: bool = False
) -> None:
    """Assert every law for an interpreter.

    Args:
        factory: Makes a fresh interpreter with `handling(effect, handler)` and `run(program)`, whose
            run has `value` and `events`. Where it takes `seed=`, schedules are drawn too.
        examples: How many cases are drawn for each law.
        depth: How deep the programs of the depth laws are.
        is_timed: Whether the interpreter's clock is virtual; without, the laws of time are left out.
        is_native: Whether it records, closes the gate and stores references, and the factory takes
            `script=`, `decisions=` and `faults=`; without, those laws are left out.

    Raises:
        AssertionError: A law does not hold; the message is its name, the cause shows the smallest case.

    Example:
        >>> from flowai.laws import Reference, check_interpreter
        >>> check_interpreter(Reference, examples=1, depth=10)
    """
    subject = Subject(factory, depth)
    for law in laws(is_timed=is_timed, is_native=is_native):
        try:
            law.check(subject, examples)
        except BaseException as error:
            error.add_note(f"law {law.number} does not hold: {law.name}")
            raise
