"""What a runtime can do with runs that outlive the process: list them, read them, go on with them."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from flowai.errors import FlowaiError, RunOwned, SpecError, StorageError
from flowai.interpreters.damage import Damage
from flowai.interpreters.refusals import check_after, check_names, check_statuses, known
from flowai.interpreters.run_record import RunRecord
from flowai.interpreters.verbs import Verbs
from flowai.interpreters.wake import now_ms
from flowai.specs.tenant import chosen_tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowai.events import Event
    from flowai.interpreters.drive import Drive
    from flowai.interpreters.recording import Recording
    from flowai.interpreters.run import Run
    from flowai.interpreters.run_record import Status

ENDS = ("run_finished", "run_failed", "run_cancelled")
"""The events that end a run."""

DRAIN_LOOK_S = 0.02
"""How often a drain looks whether what is at work has ended."""


class KeptVerbs(Verbs):
    """The verbs on kept runs."""

    def runs(
        self,
        *,
        tenant: str | None = None,
        thread_id: str | None = None,
        status: Status | Sequence[Status] | None = None,
    ) -> list[RunRecord]:
        """Return the runs that the store keeps, the first first.

        Args:
            tenant: Whose; by default the runtime's own tenant.
            thread_id: Of one conversation only.
            status: Only those that stand so, such as `"paused"`, or one of several.

        Raises:
            SpecError: No run can stand so.

        Example:
            `[run.run_id for run in runtime.runs(status="paused")]`
        """
        check_names(thread_id=thread_id)
        statuses: list[str] = [status] if isinstance(status, str) else [*(status or ())]
        check_statuses(statuses)
        found = self.shelf.runs(chosen_tenant(tenant, self.spec.tenant), thread_id, statuses)
        return [RunRecord.read(each) for each in found]

    def events(self, run_id: str, after: int = 0, *, tenant: str | None = None) -> list[Event]:
        """Return the events of a kept run after a number, as they were told, without gaps or doubles.

        Args:
            run_id: Which run; it may be on its way, here or in another process.
            after: The `seq` of the last event that is known.
            tenant: Whose; by default the runtime's own tenant.

        Raises:
            RunNotFound: There is no such run of this tenant.
            JournalBroken: What is kept is not what was written.
            SpecError: No event can have that number.

        Example:
            `for event in runtime.events(run_id, after=last.seq): print(event)`
        """
        from flowai.events.construct import event_of

        check_after(after)
        whose = chosen_tenant(tenant, self.spec.tenant)
        return [event_of(each) for each in self.shelf.kept_events(whose, known("run_id", run_id), after)]

    def recording(self, run_id: str, *, tenant: str | None = None) -> Recording:
        """Return the recording of a kept run that is over, for a replay, a fork or a test case.

        Raises:
            RunNotFound: There is no such run of this tenant.
            JournalBroken: What is kept is not what was written.
            StorageError: The run is not over, or was erased.
            ReplayMismatch: Its program asks something else today than the journal has.

        Example:
            `case_from_run(runtime.recording(run_id), runtime)`
        """
        from flowai.interpreters.recording import Recording

        whose = chosen_tenant(tenant, self.spec.tenant)
        told = self.shelf.kept_events(whose, known("run_id", run_id), 0)
        if not told or told[-1]["type"] not in ENDS:
            hint = "answer what it waits for, or `resume` it; a run whose thread was erased has no recording"
            raise StorageError(f"the run `{run_id}` is not over, or was erased", hint=hint, run_id=run_id)
        return Recording(self._opening.recorded(whose, run_id))

    def resume(self, run_id: str, *, tenant: str | None = None) -> Run[Any]:
        """Go on with a kept run: one that waits for a human, or one whose process ended.

        What was answered is not asked again. A read and a model call that have no answer are asked again; a
        `write_once` call without one is in doubt, and its check or a human says what became of it. A run that
        is over is returned as it ended.

        Raises:
            RunNotFound: There is no such run of this tenant.
            RunOwned: Another process drives it.
            JournalBroken: What is kept is not what was written.
            StorageError: Its thread was erased.
            ReplayMismatch: Of the run: its program asks something else than the journal has.

        Example:
            `run = runtime.resume(run_id); await run; print(run.output)`
        """
        return self._opening.reopened(chosen_tenant(tenant, self.spec.tenant), known("run_id", run_id))[1]

    def verify(self, run_id: str, *, tenant: str | None = None) -> int:
        """Check that what is kept of a run is what was written, and return how many records it has.

        Raises:
            RunNotFound: There is no such run of this tenant.
            JournalBroken: It is not, with the first record that is missing or another one.
        """
        return self.shelf.verify(chosen_tenant(tenant, self.spec.tenant), known("run_id", run_id))

    def check_storage(self) -> list[Damage]:
        """Look at everything that the store keeps, of all tenants, and return what is not as it was written.

        It reads the whole store, and nobody has to wait for it; what is sound stays usable beside what is not.

        Example:
            `assert runtime.check_storage() == []`
        """
        return [Damage(key, fault) for key, fault in self.shelf.check()]

    def erase_thread(self, thread_id: str, *, tenant: str | None = None) -> int:
        """Erase what was said in a thread: bodies go, digests stay, so that its journals still verify.

        Runs that are not over keep what they need; cancel or finish them first. References expire by themselves.

        Returns:
            How many records lost their bodies.
        """
        whose, thread_id = chosen_tenant(tenant, self.spec.tenant), known("thread_id", thread_id)
        with self.threads.lock:
            if not self.shelf.is_durable and self.threads.busy(whose, thread_id) is not None:
                # A store in memory lists no runs: only this process knows that one still needs the thread.
                return 0
            return self.shelf.erase_thread(whose, thread_id)

    async def drain(self, timeout_s: float = 30.0) -> list[str]:
        """Take nothing new, and let go of every run where that loses nothing, so that the process may end.

        A run that waits for a human is let go at once; one with a tool at work when the tool has ended. Another
        process, or the next one, resumes them.

        Args:
            timeout_s: How long to wait for tools that are at work.

        Returns:
            The runs that were still at work then; they stay with this process.

        Raises:
            SpecError: The runtime keeps its runs in memory, and they would be lost.
        """
        if not self.shelf.is_durable:
            raise SpecError("runs in memory cannot be let go", hint='give the runtime `storage="sqlite:///..."`')
        self._drains = True
        until = time.monotonic() + timeout_s
        left = self._let_go()
        while left and time.monotonic() < until:
            await asyncio.sleep(DRAIN_LOOK_S)
            left = self._let_go()
        return [each.setting.run_id for each in left]

    def _let_go(self) -> list[Drive]:
        drives = [each.drive for each in self.threads.active()]
        return [each for each in drives if not each.park(leaving=True)]

    def recover(self) -> list[Run[Any]]:
        """Go on with every run that nobody drives and that does not wait for a human.

        Those are the runs whose process ended while they were at work, and those that were answered, or whose time
        to answer ran out, while no process was there. Call it again, say every minute, where processes may end
        while this one lives. A run that this runtime has not the agents of is left alone and logged.

        Returns:
            The runs that go on here now.

        Example:
            `for run in runtime.recover(): await run`
        """
        found: list[Run[Any]] = []
        # Virtual time waits for people: nobody is ever late.
        now = 0 if self.interpreter.is_virtual else now_ms()
        for tenant, run_id in self.shelf.unattended(now):
            try:
                drive, run = self._opening.reopened(tenant, run_id)
                self._opening.take_up(drive)
                found.append(run)
            except RunOwned:
                continue
            except FlowaiError:
                logging.getLogger(__name__).exception("the run `%s` cannot be resumed here", run_id)
        return found
