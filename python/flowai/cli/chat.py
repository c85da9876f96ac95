"""The terminal chat: asks agents, shows what happens, and passes on what a person decides."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console

from flowai.cli.application import AppUnusable
from flowai.cli.review import Nobody, Person, Reviewer, YesToAll
from flowai.cli.shown import as_text, safe, told
from flowai.cli.terminal import ask, is_attended
from flowai.cli.watch import Watch
from flowai.errors import FlowaiError
from flowai.events import ApprovalRequired
from flowai.specs.decision import Reject
from flowai.specs.runtime import RuntimeSpec

if TYPE_CHECKING:
    from flowai.cli.arguments import Options
    from flowai.events import Event
    from flowai.interpreters import Run, Runtime

PRINCIPAL = "terminal"


async def chat(app: RuntimeSpec | Runtime, options: Options) -> bool:
    """Put every prompt to the agents; return whether all went well.

    Raises:
        AppUnusable: there is nothing to ask.
        FlowaiError: no runtime can be made of the app.
    """
    # Events in JSON have standard output for themselves.
    console = Console(stderr=options.json, highlight=False)
    async with _runtime(app) as runtime:
        session = Session(runtime, options, console, _reviewer(options, console))
        results = [await session.put(prompt) async for prompt in _prompts(options, console)]
    if not results:
        raise AppUnusable("there is no prompt", hint="write it behind `--app`, or on standard input")
    return all(results)


@dataclass
class Session:
    """One conversation in a terminal."""

    runtime: Runtime
    options: Options
    console: Console
    reviewer: Reviewer

    async def put(self, prompt: str) -> bool:
        """Put one prompt to the agents; return whether it was answered and nothing refused."""
        watch = Watch(self.console)
        try:
            with nullcontext() if self.options.json else watch.running():
                async with self._start(prompt) as run:
                    async for event in run:
                        await self._see(event, watch)
                    finished = await run
        except FlowaiError as error:
            self.console.print(safe("error", "bold red"), told(str(error)), sep=": ", markup=False)
            return False
        if not self.options.json:
            self.console.print(told(as_text(finished.output)), markup=False)
        return not (isinstance(self.reviewer, Nobody) and self.reviewer.refused)

    def _start(self, prompt: str) -> Run[Any]:
        thread = self.options.thread
        if self.options.specialist is None:
            return self.runtime.query(prompt, thread_id=thread, principal=PRINCIPAL)
        return self.runtime.run_specialist(self.options.specialist, prompt, thread_id=thread, principal=PRINCIPAL)

    async def _see(self, event: Event, watch: Watch) -> None:
        if self.options.json:
            print(json.dumps(event.model_dump(mode="json")), flush=True)
        else:
            watch.show(event)
        if isinstance(event, ApprovalRequired):
            with watch.paused():
                await self._review(event)

    async def _review(self, event: ApprovalRequired) -> None:
        while True:
            decision = await self.reviewer.decide(event)
            try:
                await self.runtime.respond_to_approval(event.approval_id, decision, principal=PRINCIPAL)
            except FlowaiError as error:
                # Edits that do not fit leave the question standing; a plain no always fits.
                if isinstance(decision, Reject):
                    raise
                self.console.print(safe("that cannot be decided", "bold red"), told(str(error)), sep=": ", markup=False)
            else:
                return


def _runtime(app: RuntimeSpec | Runtime) -> Runtime:
    if not isinstance(app, RuntimeSpec):
        return app
    from flowai.interpreters import create_runtime

    return create_runtime(app)


def _reviewer(options: Options, console: Console) -> Reviewer:
    if options.yes:
        return YesToAll(console)
    return Person(console) if is_attended() else Nobody(console)


async def _prompts(options: Options, console: Console) -> AsyncIterator[str]:
    if options.prompt is not None:
        yield options.prompt
    elif not is_attended():
        if piped := sys.stdin.read().strip():
            yield piped
    else:
        console.print(safe("write to your agents; an empty line or Ctrl-D ends", "dim"))
        while line := (await ask(console, "you:") or "").strip():
            yield line
