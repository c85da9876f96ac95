"""Laws 8 and 10: interpreters agree with the reference, and a run can be had again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flowai.errors import ApprovalRejected
from flowai.laws.law import Subject, law, outcome_of
from flowai.laws.pieces import PIECES, gated, together
from flowai.laws.reference import Reference
from flowai.laws.samples import World
from flowai.laws.strategies import Numbered, failures, programs, schedules, scripts
from flowai.laws.tools import WRITES
from flowai.programs import catch, pure
from flowai.specs.decision import Approve, Reject

if TYPE_CHECKING:
    from collections.abc import Mapping

VOLATILE = frozenset({"run_id", "at"})
"""What an event may say differently in another run."""


@law(8, is_timed=True, program=programs(parallel=False), script=scripts(), fails=failures())
def it_agrees_with_the_reference(
    subject: Subject, program: Numbered, script: Mapping[str, int], fails: Mapping[str, int]
) -> None:
    """The same outcome, and the same questions in the same order."""
    expected = Subject(Reference).observe(program, script, fails)
    assert subject.observe(program, script, fails) == expected


@law(8, is_timed=True, program=programs(), script=scripts(), seed=schedules())
def it_agrees_side_by_side(subject: Subject, program: Numbered, script: Mapping[str, int], seed: int) -> None:
    """The same outcome under every schedule."""
    expected = Subject(Reference).observe(program, script).outcome
    assert subject.observe(program, script, seed=seed).outcome == expected


@law(8, is_timed=True, program=programs(), script=scripts())
def async_and_sync_agree(subject: Subject, program: Numbered, script: Mapping[str, int]) -> None:
    """`arun` is `run` without blocking; an interpreter that has none keeps this law."""
    interpreter: Any = World(script).served(subject.interpreter())
    if not hasattr(interpreter, "arun"):
        return

    async def value() -> Any:
        return (await interpreter.arun(program)).value

    assert outcome_of(lambda: asyncio.run(value())) == subject.observe(program, script).outcome


@law(10, is_timed=True, program=programs(), script=scripts(), seed=schedules())
def the_same_run_twice_has_the_same_events(
    subject: Subject, program: Numbered, script: Mapping[str, int], seed: int
) -> None:
    """Same program, script and schedule: equal events, on a fresh interpreter and on the same one."""
    one, other = (World(script).served(subject.interpreter(seed)) for _ in range(2))
    first, again, afresh = (told(served.run(program)) for served in (one, one, other))
    assert first == again == afresh


@law(8, is_timed=True, is_native=True, pieces=PIECES, at_once=st.booleans(), seed=schedules())
def what_is_kept_and_approved_agrees_too(subject: Subject, pieces: list[Any], *, at_once: bool, seed: int) -> None:
    """The values, and what is written, do not depend on the schedule."""
    whole, decisions = together(pieces, at_once=at_once), [Approve()] * gated(pieces)
    seen: list[Any] = []
    for each in (0, seed):
        WRITES.clear()
        seen.append((subject.native(each, decisions=decisions).run(whole).value, sorted(WRITES)))
    assert seen[0] == seen[1]


@law(10, is_timed=True, is_native=True, pieces=PIECES, at_once=st.booleans(), yes=st.booleans(), seed=schedules())
def what_is_kept_and_approved_is_told_alike(
    subject: Subject, pieces: list[Any], *, at_once: bool, yes: bool, seed: int
) -> None:
    """Handles, approvals and their ids are the same in the same run."""
    whole = together([catch(piece, lambda _: pure(0), on=ApprovalRejected) for piece in pieces], at_once=at_once)
    decisions = [Approve() if yes else Reject("no")] * gated(pieces)
    first, again = (told(subject.native(seed, decisions=decisions).run(whole)) for _ in range(2))
    assert first == again


def told(run: Any) -> tuple[Any, list[Any]]:
    """Return everything that a run tells which another one must tell too."""
    return outcome_of(lambda: run.value), [_stable(event) for event in run.events]


def _stable(event: Any) -> Any:
    dump = getattr(event, "model_dump", None)
    return event if dump is None else {key: value for key, value in dump().items() if key not in VOLATILE}
