"""Durable steps: writes of runs that are kept in SQLite, beside bare commits of SQLite on the same disk."""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.stopwatch import report
from flowai import CallTool, Do, Tools, program
from flowai_harness import (
    Runtime,
    TestingConfig,
    ToolContext,
    create_runtime,
    define_coordinator,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)

STEPS = 400
RUNS = 64
STEPS_EACH = 10
TURNS = 4


class Bare:
    """A database of one table, set as durable as ours."""

    def __init__(self, file: Path) -> None:
        self.connection = sqlite3.connect(file, isolation_level=None)
        self.connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (body TEXT)"
        )

    def commits_us(self, count: int) -> float:
        """How long so many commits of one row take, one after the other."""
        started = time.perf_counter()
        for row in range(count):
            self.connection.execute("INSERT INTO rows VALUES (?)", (f"row {row} " * 50,))
        return (time.perf_counter() - started) * 1e6


@dataclass
class Times:
    """How long each step and each pair of bare commits took, in microseconds."""

    bare: Bare | None = None
    steps: list[float] = field(default_factory=list[float])
    pairs: list[float] = field(default_factory=list[float])
    ended: float | None = None
    made: int = 0


@define_tool(access="write_once")
async def put(ctx: ToolContext[Times], row: int) -> str:
    """Note how long it took to get here; in turn with two bare commits, so that a busy moment falls on both."""
    times = ctx.services
    times.made += 1
    if times.bare is not None:
        if times.ended is not None:
            times.steps.append((time.perf_counter() - times.ended) * 1e6)
        times.pairs.append(times.bare.commits_us(2))
        times.ended = time.perf_counter()
    return f"row {row}"


@program(version="1")
def putting(count: int) -> Do[Tools, int]:
    """Write one row after another; what stands before a write is durable when it goes out."""
    for row in range(count):
        yield from CallTool(put, row=row)
    return count


SPEC = define_runtime(
    tenant=define_tenant("acme", "v1"),
    agents=[
        define_coordinator(name="front", model="scripted", routes=["clerk"], prompt="Nobody asks."),
        define_specialist(name="clerk", model="scripted", tools=[put], prompt="Nobody calls the clerk."),
    ],
)


def kept(folder: Path, times: Times) -> Runtime:
    """A runtime on a new file in the folder."""
    folder.mkdir()
    testing = TestingConfig(mock_response="nobody asks")
    return create_runtime(SPEC, times, testing=testing, storage=f"sqlite:///{folder / 'runs.db'}")


async def alone(runtime: Runtime) -> float:
    """One run, one write after the other; how long each step took, in microseconds."""
    started = time.perf_counter()
    assert (await runtime.run_program(putting(STEPS))).output == STEPS
    return (time.perf_counter() - started) * 1e6 / STEPS


async def together(runtime: Runtime, times: Times) -> float:
    """Many runs at once; how long each of their steps took, in microseconds."""
    started, made = time.perf_counter(), times.made
    runs = [runtime.run_program(putting(STEPS_EACH)) for _ in range(RUNS)]
    assert [(await run).output for run in runs] == [STEPS_EACH] * RUNS
    assert times.made - made == RUNS * STEPS_EACH
    return (time.perf_counter() - started) * 1e6 / (RUNS * STEPS_EACH)


def main() -> None:
    """Measure on the disk that holds the repository."""
    (ROOT / ".benchmarks").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".benchmarks") as name, asyncio.Runner() as runner:
        folder = Path(name)
        bare, times, crowd = Bare(folder / "bare.db"), Times(Bare(folder / "pairs.db")), Times()
        runner.run(alone(kept(folder / "alone", times)))
        report("durable.step", statistics.median(times.steps))
        report("durable.two_commits", statistics.median(times.pairs))
        runtime, taken = kept(folder / "together", crowd), dict[str, list[float]]()
        for _ in range(TURNS):
            taken.setdefault("one_commit", []).append(bare.commits_us(STEPS) / STEPS)
            taken.setdefault("alone", []).append(runner.run(alone(runtime)))
            taken.setdefault("together", []).append(runner.run(together(runtime, crowd)))
        for measure, micros in taken.items():
            report(f"durable.{measure}", statistics.median(micros))


if __name__ == "__main__":
    main()
