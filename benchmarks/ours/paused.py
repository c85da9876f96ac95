"""Paused runs: what a process that has very many of them in its store needs, and how soon an answer is heard.

usage: python -m benchmarks.ours.paused [COUNT]
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.environments import ROOT
from benchmarks.stopwatch import report
from flowai import AwaitApproval, CallTool, Do, Tools, program
from flowai.effects.families import Approvals
from flowai.interpreters import Run
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

COUNT = 100_000
BATCH = 200
ANSWERS = 300
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Heard:
    """When a row was written last, in seconds."""

    at: float = 0
    bell: asyncio.Event = field(default_factory=asyncio.Event)


@define_tool(access="write_once")
async def put(ctx: ToolContext[Heard], row: int) -> str:
    """Note when it was let out."""
    ctx.services.at = time.perf_counter()
    ctx.services.bell.set()
    return f"row {row}"


@program(version="1")
def asking(row: int) -> Do[Tools | Approvals, str]:
    """Ask a human, then write."""
    yield from AwaitApproval("sure?", subject=row)
    return (yield from CallTool(put, row=row))


SPEC = define_runtime(
    tenant=define_tenant("acme", "v1"),
    agents=[
        define_coordinator(name="front", model="scripted", routes=["clerk"], prompt="Nobody asks."),
        define_specialist(name="clerk", model="scripted", tools=[put], prompt="Nobody calls the clerk."),
    ],
)


def kept(file: Path, heard: Heard) -> Runtime:
    """A runtime on a file."""
    return create_runtime(
        SPEC, heard, testing=TestingConfig(mock_response="nobody asks"), storage=f"sqlite:///{file}", recover=True
    )


async def asked(run: Run[Any]) -> str:
    """The id of the approval that a run waits for."""
    async for event in run:
        if event.type == "approval_required":
            return event.approval_id
    raise AssertionError(run.run_id)


async def fill(file: Path, count: int) -> None:
    """Leave so many runs waiting, and print the approvals of the last."""
    runtime = kept(file, Heard())
    ids: list[str] = []
    for start in range(0, count, BATCH):
        runs = [runtime.run_program(asking(row)) for row in range(start, min(count, start + BATCH))]
        ids.extend([await asked(run) for run in runs])
        del ids[:-ANSWERS]
    assert await runtime.drain() == []
    sys.stdout.write("\n".join(ids))


async def answer(runtime: Runtime, heard: Heard, ids: list[str]) -> list[float]:
    """How long each answer took to let its write out, in milliseconds."""
    taken: list[float] = []
    for approval_id in ids:
        heard.bell.clear()
        started = time.perf_counter()
        await runtime.respond_to_approval(approval_id, "approve", principal="ana")
        await heard.bell.wait()
        taken.append((heard.at - started) * 1e3)
    return taken


def resident_mb() -> float:
    """The memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / 2**20


async def measure(folder: Path, ids: list[str]) -> None:
    """Open an empty store, then the full one, and answer some of its approvals."""
    async with kept(folder / "empty.db", Heard()):
        idle = resident_mb()
    heard, started = Heard(), time.perf_counter()
    async with kept(folder / "runs.db", heard) as runtime:
        report("paused.start", time.perf_counter() - started, "s")
        report("paused.memory", resident_mb() - idle, "MiB")
        taken = await answer(runtime, heard, ids)
        report("paused.answer", statistics.quantiles(taken, n=100)[98], "ms")
        report("paused.answer_median", statistics.median(taken), "ms")


def main() -> None:
    """Fill in a process of its own, so that what it needed does not count."""
    if sys.argv[1:2] == ["fill"]:
        asyncio.run(fill(Path(sys.argv[2]), int(sys.argv[3])))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    (ROOT / ".benchmarks").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".benchmarks") as name:
        command = [sys.executable, "-m", "benchmarks.ours.paused", "fill", str(Path(name) / "runs.db"), str(count)]
        ids = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        assert len(ids) == min(ANSWERS, count)
        asyncio.run(measure(Path(name), ids))


if __name__ == "__main__":
    main()
