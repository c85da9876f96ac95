"""Races: of fifty answers to one approval exactly one takes effect, and the others are told so.

With `FLOWAI_SOAK=1` 10,000 approvals are raced for in each kind of store; `FLOWAI_RACES` says another number.
"""

import asyncio
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest

from flowai.errors import RunOwned
from flowai_harness import Runtime
from tests.durable.often import often
from tests.durable.processes import Process, started
from tests.durable.racing import Answer, race
from tests.durable.restocking import World, runtime
from tests.harness.desk import until

RACES = often("FLOWAI_RACES", 4, 10_000)
RACES_OF_A_STORE = 200
"""A store of many runs is slow to list, and a test that never ends looks like one that hangs."""

BATCHES = [min(RACES_OF_A_STORE, RACES - begun) for begun in range(0, RACES, RACES_OF_A_STORE)]
PROCESSES, RUNTIMES, THREADS = 3, 2, 10


@pytest.fixture
def racers(storage: str, tmp_path: Path) -> Generator[list[Process]]:
    """Processes that answer when they are told an approval."""
    with ExitStack() as stack:
        found = [
            stack.enter_context(started("racing", storage, tmp_path / "world.db", f"process-{number}", THREADS))
            for number in range(PROCESSES)
        ]
        for each in found:
            assert next(each.lines()) == ["ready"]
        yield found


@pytest.mark.parametrize("races", BATCHES)
def test_of_fifty_answers_to_one_approval_exactly_one_takes_effect(
    storage: str, tmp_path: Path, racers: list[Process], figures: Counter[str], races: int
) -> None:
    world = World(tmp_path / "world.db")
    here = [runtime(storage, world) for _ in range(RUNTIMES)]

    async def whole() -> None:
        dropped = [f"drop {order}" for order in range(races) if await raced(here, racers, order)]
        assert sorted(deed for deed, _ in world.deeds()) == sorted(dropped)

    asyncio.run(whole())
    kind = storage.partition(":")[0]
    figures.update({f"{kind}: races": races, f"{kind}: answers": races * (PROCESSES + RUNTIMES) * THREADS})


async def raced(here: list[Runtime], racers: list[Process], order: int) -> bool:
    """Race for one approval, of a run that somebody waits for or that was let go; say whether it was given."""
    run = here[0].run_specialist("hand", f"order {order}", thread_id=f"thread-{order}")
    event: Any = await until(run, "approval_required")
    waiting = asyncio.ensure_future(ended(here[0], run.run_id)) if order % 2 else None
    given = await asyncio.to_thread(answers, here, racers, event.approval_id)
    await (waiting or ended(here[0], run.run_id))
    [resolved] = [each for each in here[1].events(run.run_id) if each.type == "approval_resolved"]
    assert len(given) == (PROCESSES + RUNTIMES) * THREADS
    for each in given:
        # Whoever says the same again is told that it is so.
        agrees = each.decision == resolved.decision == "approved" or each.principal == resolved.principal
        assert each.told == ("ok" if agrees else "ApprovalConflict"), (each, resolved)
    assert (resolved.principal, resolved.decision, "ok") in given
    return bool(resolved.decision == "approved")


def answers(here: list[Runtime], racers: list[Process], approval_id: str) -> list[Answer]:
    """Let everybody answer at once."""
    for each in racers:
        each.tell(approval_id)
    with ThreadPoolExecutor(RUNTIMES) as pool:
        names = [f"here-{number}" for number in range(RUNTIMES)]
        near = list(pool.map(partial(race, threads=THREADS), here, [approval_id] * RUNTIMES, names))
    # In between they say what they do for runs that they took up.
    far = [islice((Answer(*said[1:]) for said in each.lines() if said[0] == "told"), THREADS) for each in racers]
    return list(chain(*near, *far))


async def ended(here: Runtime, run_id: str) -> None:
    """Go on with a run, or wait until whoever drives it has."""
    while not next(each for each in here.runs() if each.run_id == run_id).is_over:
        try:
            await here.resume(run_id)
        except RunOwned:
            await asyncio.sleep(0)
