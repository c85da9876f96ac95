"""500 streams at once through one interpreter or runtime: all whole and in order, and what they leave in memory."""

import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterable, Callable
from pathlib import Path

from benchmarks.stopwatch import report
from benchmarks.streams.client import MODELS, Replay, prompt, replaying
from benchmarks.streams.recordings import chosen
from flowai import CallModel
from flowai.events import Event, ModelAnswered, TextDelta
from flowai.interpreters import Live
from flowai_harness import create_runtime, define_coordinator, define_runtime, define_specialist, define_tenant

STREAMS = 500
WAVES = 6
LARGE = 9
"""The recording that is played: one of many pieces."""
PAUSE_MS = 100
MODEL = f"anthropic:{MODELS['anthropic']}"
PAGE = os.sysconf("SC_PAGE_SIZE")

SPEC = define_runtime(
    tenant=define_tenant("acme", "v1"),
    agents=[
        define_coordinator(name="front", model=MODEL, routes=["clerk"], prompt="Talk."),
        define_specialist(name="clerk", model=MODEL, prompt="Nobody calls the clerk."),
    ],
)


Asked = Callable[[str], AsyncIterable[Event]]
"""Ask under a name that was never used before, and give the events."""


async def read(events: AsyncIterable[Event]) -> str:
    """Read one run; its pieces must make up its answer, in their order."""
    pieces: list[str] = []
    whole = ""
    async for event in events:
        if isinstance(event, TextDelta):
            pieces.append(event.text)
        elif isinstance(event, ModelAnswered):
            whole = event.text
    assert "".join(pieces) == whole
    return whole


async def wave(ask: Asked, number: int, expected: str) -> None:
    """Ask 500 times at once."""
    texts = await asyncio.gather(*(read(ask(f"thread-{number}-{each}")) for each in range(STREAMS)))
    assert texts == [expected] * STREAMS


def resident() -> float:
    """The MiB of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / 2**20


def measure(name: str, replay: Replay, ask: Asked, expected: str) -> None:
    """Report memory after one wave and for each later one, processor time, and the most answers at once."""
    before, sizes = resident(), list[float]()
    started = time.process_time()
    for number in range(WAVES):
        replay.runner.run(wave(ask, number, expected))
        sizes.append(resident())
    report(f"{name}.cpu", (time.process_time() - started) / WAVES / STREAMS * 1e6)
    report(f"{name}.at_once", replay.seen()[1], "streams")
    report(f"{name}.first_wave", sizes[0] - before, "MiB")
    report(f"{name}.later_wave", (sizes[-1] - sizes[1]) / (WAVES - 2), "MiB")


def main() -> None:
    """Measure a runtime, which keeps 500 threads more each time, and an interpreter, which keeps nothing."""
    recordings = chosen("anthropic")
    if not recordings:
        sys.stderr.write("skipped: the recorded streams are not beside this repository\n")
        return
    asked, expected = prompt(LARGE, PAUSE_MS), recordings[LARGE].text
    with replaying() as replay:
        live = Live(providers={"anthropic": {"base_url": replay.url, "api_key": "x"}})
        measure("many", replay, lambda _: live.stream(CallModel(MODEL, prompt=asked)), expected)
        runtime = create_runtime(SPEC, interpreter=live)
        measure("many_threads", replay, lambda thread: runtime.query(asked, thread_id=thread), expected)


if __name__ == "__main__":
    main()
