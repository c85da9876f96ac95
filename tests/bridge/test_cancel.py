"""A run is cancelled from outside and from inside, and cleans up both times."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from flowai import Effect, Sleep, ensure
from flowai.errors import RunCancelled
from flowai.interpreters import Live


@dataclass(frozen=True)
class Note(Effect[None]):
    line: str


def noting(lines: list[str]) -> Any:
    return Live().handling(Note, lambda effect: lines.append(effect.line))


def test_cancelling_the_task_cancels_the_run() -> None:
    lines: list[str] = []

    async def main() -> None:
        task = asyncio.create_task(noting(lines).arun(ensure(Sleep(60), Note("end"))))
        while not task.done():
            await asyncio.sleep(0)
            task.cancel()
        assert task.cancelled()

    asyncio.run(main())
    assert lines in ([], ["end"])


def test_a_cancelled_task_waits_for_the_cleanup() -> None:
    lines: list[str] = []

    async def main() -> None:
        task = asyncio.create_task(noting(lines).arun(ensure(Sleep(60), Note("end"))))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert lines == ["end"]

    asyncio.run(main())


def test_cancelling_the_run_ends_the_task() -> None:
    lines: list[str] = []

    async def main() -> None:
        run = noting(lines).begin(ensure(Sleep(60), Note("end")))
        asyncio.get_running_loop().call_soon(run.cancel, "enough")
        with pytest.raises(RunCancelled, match="enough"):
            await run
        assert lines == ["end"]
        assert run.events[-1].type == "run_cancelled"

    asyncio.run(main())


def test_cancelling_from_another_thread() -> None:
    lines: list[str] = []
    run = noting(lines).begin(ensure(Sleep(60), Note("end")))
    asyncio.run(_cancelled_elsewhere(run))
    with pytest.raises(RunCancelled):
        _ = run.value
    assert lines == ["end"]


async def _cancelled_elsewhere(run: Any) -> None:
    await asyncio.gather(run, asyncio.to_thread(run.cancel), return_exceptions=True)
