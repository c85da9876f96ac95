"""Whoever listens, or does not, changes nothing for a run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from flowai import Do, Effect, program
from flowai.errors import ProgramError
from flowai.interpreters import Live, Test


@dataclass(frozen=True)
class Tick(Effect[int]):
    number: int


@program
def ticking(times: int) -> Do[Tick, int]:
    """Ask many times."""
    total = 0
    for number in range(times):
        total += yield from Tick(number)
    return total


async def ticked(effect: Tick) -> int:
    await asyncio.sleep(0)
    return effect.number


def test_a_slow_consumer_does_not_block_a_run() -> None:
    async def main() -> tuple[bool, int]:
        run = Live().handling(Tick, ticked).begin(ticking(200))
        events = run.__aiter__()
        first = await anext(events)
        assert first.type == "run_started"
        await run
        ended_before_it_was_read = run.is_finished
        return ended_before_it_was_read, 1 + len([event async for event in events])

    assert asyncio.run(main()) == (True, 2 + 2 * 200)


def test_a_consumer_that_leaves_leaves_the_run_alone() -> None:
    async def main() -> int:
        run = Live().handling(Tick, ticked).begin(ticking(20))
        async for event in run:
            if event.type == "effect_answered":
                break
        await run
        return run.value

    assert asyncio.run(main()) == sum(range(20))


@dataclass(frozen=True)
class Pause(Effect[None]):
    pass


async def paused(_: Pause) -> None:
    await asyncio.sleep(0)


@program
def pausing() -> Do[Pause | Tick, int]:
    """Let the caller have the run before the handler looks for it."""
    yield from Pause()
    return (yield from Tick(1))


@pytest.mark.parametrize("interpreter", [Test(), Live()], ids=["test", "live"])
def test_a_handler_cannot_look_into_the_run_it_answers(interpreter: Any) -> None:
    runs: list[Any] = []

    def curious(_: Tick) -> int:
        return len(runs[0].events)

    runs.append(interpreter.handling(Pause, paused).handling(Tick, curious).begin(pausing()))
    with pytest.raises(ProgramError, match="look into the run"):
        _ = runs[0].wait().value


def test_an_async_handler_may_look() -> None:
    runs: list[Any] = []

    async def curious(_: Tick) -> int:
        return len(runs[0].events)

    runs.append(Live().handling(Pause, paused).handling(Tick, curious).begin(pausing()))
    assert runs[0].wait().value == 4
