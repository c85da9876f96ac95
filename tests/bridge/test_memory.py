"""Runs and what they hold are collected, cycles too."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass
from typing import Any

import pytest

from flowai import Do, Effect, program
from flowai._bridge import Runtime, Session
from flowai.interpreters import Live, Test
from flowai.interpreters.interpreter import EMPTY


@dataclass(frozen=True)
class Ask(Effect[int]):
    pass


def one(_: Ask) -> int:
    return 1


class Held:
    pass


@program
def asking(holder: Any) -> Do[Ask, int]:
    """Hold on to something while asking."""
    answer = yield from Ask()
    return answer if holder else 0


@pytest.mark.parametrize("interpreter", [Test(), Live()], ids=["test", "live"])
def test_a_run_that_is_over_is_collected(interpreter: Any) -> None:
    holder = Held()
    run = interpreter.handling(Ask, one).run(asking(holder))
    assert run.value == 1
    seen = weakref.ref(holder)
    del holder, run
    gc.collect()
    assert seen() is None


class Keeper:
    """Something whose own method answers, and which keeps the run that asks it."""

    def __init__(self, interpreter: Any, asked: Any) -> None:
        self.run = interpreter.handling(Ask, self.answer).begin(asked)

    def answer(self, _: Ask) -> int:
        return 1


class SlowKeeper(Keeper):
    async def answer(self, _: Ask) -> int:  # type: ignore[override]
        return 1


@pytest.mark.parametrize("interpreter", [Test(), Live()], ids=["test", "live"])
@pytest.mark.parametrize("keeper", [Keeper, SlowKeeper], ids=["over", "under way"])
def test_a_cycle_through_a_handler_is_collected(keeper: type[Keeper], interpreter: Any) -> None:
    kept = keeper(interpreter, asking(1))
    assert kept.run.is_finished == (keeper is Keeper)
    seen = weakref.ref(kept)
    del kept
    gc.collect()
    assert seen() is None


def test_a_session_begins_with_nothing() -> None:
    config = {"interpreter": "test", "run_id": "run-1", "entropy": [0, 1, 2, 3]}
    session = Session(Runtime(EMPTY, []), config, {})
    assert (session.outcome(), session.events(0), session.waiting()) == (None, [], [])
