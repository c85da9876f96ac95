"""The job itself: run the agents, show what happens, pass on what the reviewer decides."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal, cast, get_args

from rich.console import Console

from examples.restock.agents import spec
from examples.restock.review import Mode, decide
from examples.restock.script import REQUEST, scripted_models
from examples.restock.warehouse import Warehouse
from flowai.cli.watch import Watch
from flowai.events import ApprovalRequired, Event
from flowai_harness import FlowaiError, Runtime, create_runtime

Word = Literal["test", "eval", "live"]


@dataclass(frozen=True)
class Outcome:
    """How a run of the job ended."""

    answer: str
    events: tuple[Event, ...]


def chosen_interpreter() -> Word:
    """Return who answers, as the environment says."""
    word = os.environ.get("FLOWAI_INTERPRETER") or "test"
    if word not in get_args(Word):
        raise FlowaiError(f"`FLOWAI_INTERPRETER` is `{word}`", hint="write `test`, `eval` or `live`")
    return cast("Word", word)


def make_runtime(warehouse: Warehouse, interpreter: Word = "test", storage: str | None = None) -> Runtime:
    """Make the agents' runtime; `interpreter` is the one word that chooses who answers."""
    testing = None if interpreter == "live" else scripted_models()
    return create_runtime(spec, warehouse, interpreter=interpreter, testing=testing, storage=storage)


async def restock(
    warehouse: Warehouse, mode: Mode, console: Console, interpreter: Word = "test", storage: str | None = None
) -> Outcome:
    """Run the job once; where it is kept, in however many processes."""
    watch = Watch(console)
    async with make_runtime(warehouse, interpreter, storage) as runtime:
        # Whoever asks under a name that was asked before joins that run, as far as it has come.
        run = runtime.query(REQUEST, thread_id="summer", request_id="summer")
        with watch.running():
            async for event in run:
                watch.show(event)
                if isinstance(event, ApprovalRequired) and is_open(runtime, event):
                    with watch.paused():
                        decision = await decide(mode, event, console)
                    await runtime.respond_to_approval(event.approval_id, decision, principal="reviewer")
        finished = await run
        return Outcome(answer=str(finished.output), events=tuple(finished.events))


def is_open(runtime: Runtime, event: ApprovalRequired) -> bool:
    """Whether nobody has answered yet, in any process."""
    return any(each.approval_id == event.approval_id for each in runtime.pending_approvals())
