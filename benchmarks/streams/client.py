"""What every client of the replay server is measured by; it needs the standard library only."""

import asyncio
import gc
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.environments import ROOT
from benchmarks.stopwatch import report
from benchmarks.streams.recordings import CHOSEN, Recording, chosen

Ask = Callable[[str], Coroutine[Any, Any, str]]
"""Send a prompt, read every piece of the answer, and return the text of the final one."""
AskAgain = Callable[[str, int], Coroutine[Any, Any, object]]
"""Send a prompt so many times, each when the answer before it is there."""

MODELS = {"anthropic": "claude-sonnet-4-5", "responses": "gpt-5", "chat": "gpt-4o"}
PACED_MS = 2
TURNS = 200


@dataclass(frozen=True)
class Replay:
    """The replay server, and the loop on which one script's clients live."""

    url: str
    runner: asyncio.Runner

    def measure(self, name: str, api: str, ask: Ask, again: AskAgain | None = None) -> None:
        """Report what one protocol costs a client: at once, as it comes, and from one answer to the next request."""
        recordings = chosen(api)
        if not recordings:
            sys.stderr.write("skipped: the recorded streams are not beside this repository\n")
            return
        report(f"stream.{name}", min(self._cpu_us(ask, recordings, 0) for _ in range(20)))
        report(f"paced.{name}", min(self._cpu_us(ask, recordings, PACED_MS) for _ in range(3)))
        self.seen()
        self.runner.run((again or _one_by_one(ask))(prompt(0), TURNS))
        gaps, _ = self.seen()
        report(f"turnaround.{name}", statistics.median(gaps[1:-1]))

    def seen(self) -> tuple[list[float], int]:
        """Return the gaps from answers to requests in microseconds and the most answers at once, since last time."""
        with urllib.request.urlopen(f"{self.url}/seen") as answer:  # noqa: S310 — the address is our own server's
            found = json.load(answer)
        return found["gaps_us"], found["under_way_max"]

    def _cpu_us(self, ask: Ask, recordings: Sequence[Recording], pause_ms: int) -> float:
        gc.collect()
        started = time.process_time()
        texts = self.runner.run(_all(ask, pause_ms))
        spent = time.process_time() - started
        assert texts == [recording.text for recording in recordings]
        return spent / CHOSEN * 1e6


@contextmanager
def replaying() -> Generator[Replay]:
    """Start the replay server; it ends with the block."""
    command = [sys.executable, "-m", "benchmarks.streams.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        with asyncio.Runner() as runner:
            yield Replay(f"http://127.0.0.1:{server.stdout.readline().strip()}", runner)


def prompt(number: int, pause_ms: int = 0) -> str:
    """Return what asks the server for a recording."""
    return f"replay {number} every {pause_ms} ms"


async def _all(ask: Ask, pause_ms: int) -> list[str]:
    return await asyncio.gather(*(ask(prompt(number, pause_ms)) for number in range(CHOSEN)))


def _one_by_one(ask: Ask) -> AskAgain:
    async def again(prompt: str, times: int) -> None:
        for _ in range(times):
            await ask(prompt)

    return again
