"""The job itself: run the agents, show what happens, pass on what the reviewer decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rich.console import Console

from examples.restock.agents import spec
from examples.restock.review import Mode, decide
from examples.restock.script import REQUEST, scripted_models
from examples.restock.warehouse import Warehouse
from flowai.cli.watch import Watch
from flowai.events import ApprovalRequired, Event
from flowai_harness import create_runtime

Word = Literal["test", "eval", "live"]


@dataclass(frozen=True)
class Outcome:
    """How a run of the job ended."""

    answer: str
    events: tuple[Event, ...]


async def restock(warehouse: Warehouse, mode: Mode, console: Console, interpreter: Word = "test") -> Outcome:
    """Run the job once; `interpreter` is the one word that chooses who answers."""
    watch = Watch(console)
    async with create_runtime(spec, warehouse, interpreter=interpreter, testing=scripted_models()) as runtime:
        run = runtime.query(REQUEST, thread_id="summer")
        with watch.running():
            async for event in run:
                watch.show(event)
                if isinstance(event, ApprovalRequired):
                    with watch.paused():
                        decision = await decide(mode, event, console)
                    await runtime.respond_to_approval(event.approval_id, decision, principal="reviewer")
        finished = await run
        return Outcome(answer=str(finished.output), events=tuple(finished.events))
