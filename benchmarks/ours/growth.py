"""Growth of a journal: what 100 calls in a long conversation take on the disk."""

import asyncio
import gc
import random
import tempfile
import time
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.ours.agent import SPEC
from benchmarks.stopwatch import report
from flowai_harness import Calls, Says, TestingConfig, create_runtime

CALLS = 100
PROMPT_CHARS = 836_000
"""About 209,000 tokens of English."""


def prompt() -> str:
    """A text that cannot be made much shorter, and is the same each time."""
    letters = random.Random(7).choices("abcdefghijklmnopqrstuvwxyz ", k=PROMPT_CHARS)  # noqa: S311 — no secret
    return "".join(letters)


async def converse(folder: Path) -> None:
    """One run of so many calls, each of which gives the model the whole conversation."""
    script = [Calls("read_stock", sku="A-1")] * CALLS
    testing = TestingConfig(script=[*script, Says("done")])
    async with create_runtime(SPEC, testing=testing, storage=f"sqlite:///{folder / 'runs.db'}") as runtime:
        run = await runtime.query(prompt(), thread_id="thread-1")
        assert run.output == "done"
        assert sum(event.type == "model_called" for event in runtime.events(run.run_id)) == CALLS + 1
        assert runtime.verify(run.run_id) > CALLS


def close(folder: Path) -> None:
    """Let go of the runtime, and wait until its store has put its log into the database."""
    gc.collect()
    while any(folder.glob("*-wal")):
        time.sleep(0.01)


def main() -> None:
    """Weigh the database, its log and its head."""
    (ROOT / ".benchmarks").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".benchmarks") as name:
        asyncio.run(converse(Path(name)))
        close(Path(name))
        report("growth.hundred_calls", sum(file.stat().st_size for file in Path(name).iterdir()) / 2**20, "MiB")


if __name__ == "__main__":
    main()
