"""Following a run: shows what happens, and passes on what a reviewer decides."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from flowai.cli.review import Nobody
from flowai.cli.shown import as_text, safe, told
from flowai.cli.watch import Watch
from flowai.errors import ApprovalConflict, ApprovalExpired, FlowaiError, UnknownApproval
from flowai.events import ApprovalRequired, RunPaused
from flowai.specs.decision import Reject

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rich.console import Console

    from flowai.cli.place import Place
    from flowai.cli.review import Reviewer
    from flowai.events import Event
    from flowai.interpreters import Run, Runtime


@dataclass
class Follower:
    """Watches the runs of one runtime at a terminal, one after the other."""

    runtime: Runtime
    place: Place
    console: Console
    reviewer: Reviewer
    principal: str
    as_json: bool = False
    left: list[str] = field(default_factory=list[str], init=False)
    """The approvals that nobody here answered."""

    async def follow(self, run: Run[Any], after: int = 0, *, was_over: bool = False) -> bool:
        """Show a run from behind an event; return whether nothing failed or was refused since."""
        watch = Watch(self.console)
        self.left.clear()
        try:
            with nullcontext() if self.as_json else watch.running():
                async with run:
                    if await self._is_left(run, watch, after):
                        return True
                    finished = await run
        except FlowaiError as error:
            if was_over:
                return True
            self.console.print(safe("error", "bold red"), told(str(error)), sep=": ", markup=False)
            return False
        if not self.as_json:
            self.console.print(told(as_text(finished.output)), markup=False)
        return not (isinstance(self.reviewer, Nobody) and self.reviewer.refused)

    async def _is_left(self, run: Run[Any], watch: Watch, after: int) -> bool:
        """Watch a run to its end, or until all of it waits for somebody who is not here."""
        async with aclosing(cast("AsyncGenerator[Event]", aiter(run))) as events:
            async for event in events:
                if event.seq is None or event.seq > after:
                    self._show(event, watch)
                if isinstance(event, ApprovalRequired) and self._waits(event, after):
                    with watch.paused():
                        await self._review(event)
                # A pause that something came after is over.
                if self.left and isinstance(event, RunPaused) and event.seq == len(run.events):
                    return True
        return False

    def _show(self, event: Event, watch: Watch) -> None:
        if self.as_json:
            print(json.dumps(event.model_dump(mode="json")), flush=True)
        else:
            watch.show(event)

    def _waits(self, event: ApprovalRequired, after: int) -> bool:
        if event.seq is None or event.seq > after:
            return True
        pending = self.runtime.pending_approvals(tenant=self.place.tenant)
        return any(each.approval_id == event.approval_id for each in pending)

    async def _review(self, event: ApprovalRequired) -> None:
        try:
            decided = await self._answer(event)
        except asyncio.CancelledError:
            # Ctrl-C: a run in memory ends with it, a kept one waits.
            if self.runtime.shelf.is_durable:
                self._leave(event)
            raise
        if not decided:
            self._leave(event)

    async def _answer(self, event: ApprovalRequired) -> bool:
        while True:
            decision = await self.reviewer.decide(event)
            if decision is None:
                return False
            try:
                await self.runtime.respond_to_approval(
                    event.approval_id, decision, principal=self.principal, tenant=self.place.tenant
                )
            except (ApprovalConflict, ApprovalExpired, UnknownApproval) as error:
                # Somebody else, a script or the clock was faster: the question stands no longer.
                self.console.print(safe("already decided", "bold red"), told(str(error)), sep=": ", markup=False)
            except FlowaiError as error:
                # Edits that do not fit leave the question standing; a plain no always fits.
                if isinstance(decision, Reject):
                    raise
                self.console.print(safe("that cannot be decided", "bold red"), told(str(error)), sep=": ", markup=False)
                continue
            return True

    def _leave(self, event: ApprovalRequired) -> None:
        self.left.append(event.approval_id)
        self.console.print(safe(f"it waits: {event.title}", "bold yellow"), soft_wrap=True)
        for line in self.place.answers(event.approval_id, event.kind):
            self.console.print(safe(line), soft_wrap=True)
