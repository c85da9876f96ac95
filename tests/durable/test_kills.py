"""Kills: whenever a process dies, no acknowledged approval is lost, no write happens twice untold, no budget moves.

With `FLOWAI_SOAK=1` at least 1,000 processes are killed on SQLite and 200 on PostgreSQL; `FLOWAI_KILLS` and
`FLOWAI_KILLS_POSTGRES` say other numbers. `FLOWAI_KILLS_SEED` draws the moments, counted in lines that the dying
process has said.
"""

import asyncio
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flowai.errors import ApprovalConflict
from flowai_harness import Failed, Reject, Runtime
from tests.durable.often import often
from tests.durable.processes import started
from tests.durable.restocking import World, runtime
from tests.durable.storage import storage_of

KILLS = {
    "sqlite": often("FLOWAI_KILLS", 10, 1_000),
    "postgres": often("FLOWAI_KILLS_POSTGRES", 5, 200),
}
SEED = int(os.environ.get("FLOWAI_KILLS_SEED", "1"))
ORDERS = 3
KILLS_OF_A_ROUND = 5
LINES_MAX = 90
"""A worker that is not killed says about as many lines."""

ROUNDS = [
    (kind, number)
    for kind, kills in KILLS.items()
    for number in range((kills + KILLS_OF_A_ROUND - 1) // KILLS_OF_A_ROUND)
]


@dataclass
class Round:
    """Some orders, and the processes that die over them."""

    storage: str
    world: World
    chance: random.Random
    kills: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict[str, str])
    """What kind each approval is whose answer was acknowledged."""

    def play(self) -> None:
        """Let workers die, then one finish."""
        while not self.work(self.chance.randint(1, LINES_MAX) if self.kills < KILLS_OF_A_ROUND else None):
            pass

    def figures(self) -> dict[str, int]:
        """Return what happened."""
        doubts = sum(kind == "in_doubt" for kind in self.acknowledged.values())
        answers = len(self.acknowledged)
        return {"kills": self.kills, "acknowledged approvals": answers, "of them in doubt": doubts}

    def work(self, lines_max: int | None) -> bool:
        """Let a worker live for some lines; say whether it finished."""
        with started("worker", "work", self.storage, self.world.path, ORDERS) as worker:
            for count, said in enumerate(worker.lines(), 1):
                if said == ["over"]:
                    return True
                if count == lines_max:
                    worker.kill()
                    self.kills += 1
                    return False
                if said[0] == "approval_required" and said[2] not in self.acknowledged:
                    self.answer()
        pytest.fail("a worker ended by itself")

    def answer(self) -> None:
        """Let one process answer what waits, which may die over it, and then one that does not."""
        for lines_max in (self.chance.choice([0, 1, 2]), 0):
            with started("worker", "answer", self.storage, self.world.path, ORDERS) as answerer:
                for count, said in enumerate(answerer.lines(), 1):
                    if said[0] == "acknowledged":
                        self.acknowledged[said[1]] = said[2]
                    if count == lines_max:
                        answerer.kill()
                        self.kills += 1
                        break
                else:
                    assert answerer.end() == 0

    async def check(self) -> None:
        """Check that every order was done once, under its budget, and that every answer is kept."""
        here = runtime(self.storage, self.world)
        assert [each.status for each in here.runs()] == ["finished"] * ORDERS
        assert sorted(str(each.output) for each in here.runs()) == ["done", "done", "held"]
        deeds = sorted(deed for deed, _ in self.world.deeds())
        assert deeds == ["buy 1", "drop 0", "mark 1", "put 0", "put 2", "send 0", "send 2"]
        for each in here.runs():
            assert here.verify(each.run_id) > 0
            numbers = [event.seq for event in here.events(each.run_id)]
            assert numbers == list(range(1, len(numbers) + 1))
        for approval_id, kind in self.acknowledged.items():
            await self.is_kept(here, approval_id, kind)

    async def is_kept(self, here: Runtime, approval_id: str, kind: str) -> None:
        other = Failed("no") if kind == "in_doubt" else Reject("no")
        with pytest.raises(ApprovalConflict):
            await here.respond_to_approval(approval_id, other, principal="ana")


@pytest.mark.parametrize(("kind", "number"), ROUNDS)
def test_nothing_is_lost_doubled_or_reset_when_processes_are_killed(
    tmp_path: Path, figures: Counter[str], kind: str, number: int
) -> None:
    chance = random.Random(f"{SEED} {kind} {number}")  # noqa: S311 — draws when a process dies
    each = Round(storage_of(kind, tmp_path), World(tmp_path / "world.db"), chance)
    each.play()
    asyncio.run(each.check())
    figures.update({f"{kind}: {what}": count for what, count in each.figures().items()})
