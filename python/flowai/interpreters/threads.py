"""The threads of a runtime: which run is active in each, and which call began it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowai.errors import FlowaiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai.interpreters.drive import Drive
    from flowai.interpreters.run import Run


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Active:
    """A run with the place it takes."""

    tenant: str
    thread_id: str | None
    drive: Drive
    run: Run[Any]

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self.run.run_id

    def waiting(self) -> list[str]:
        """Return the approvals that the run waits for."""
        return [*self.drive.waiting()]

    @property
    def is_paused(self) -> bool:
        """Whether the run waits for a human."""
        return self.drive.is_paused

    @property
    def is_needed(self) -> bool:
        """Whether something of it may still be asked of this process."""
        drive = self.drive
        return not drive.finished or (not drive.is_kept and bool(drive.left_open()))

    def cancel(self, reason: str) -> None:
        """Cancel the run."""
        self.run.cancel(reason)


NAMED_MAX = 256
"""How many finished runs are kept for calls that repeat a request id."""

NAMED_S_MAX = 3_600.0
"""For how long they are kept."""


class Threads:
    """The runs of a runtime that are not over, and those that were named lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.lock = threading.RLock()
        """Held from the look whether a thread is busy until its next run is noted."""
        self._active: list[Active] = []
        self._named: dict[tuple[str, str], tuple[Run[Any], float]] = {}
        self._clock = clock

    def add(self, tenant: str, thread_id: str | None, request_id: str | None, drive: Drive, run: Run[Any]) -> None:
        """Note a run that begins."""
        kept = [each for each in self._active if each.drive is not drive and each.is_needed]
        self._active = [*kept, Active(tenant, thread_id, drive, run)]
        if request_id is not None:
            self._forget_named()
            self._named[tenant, request_id] = (run, self._clock())

    def remove(self, run: Run[Any]) -> None:
        """Forget a run that could not begin."""
        with self.lock:
            self._active = [each for each in self._active if each.run is not run]
            self._named = {name: kept for name, kept in self._named.items() if kept[0] is not run}

    def let_go(self, drive: Drive) -> None:
        """Forget a run that waits in the store."""
        with self.lock:
            self._active = [each for each in self._active if each.drive is not drive]

    def _forget_named(self) -> None:
        # In the order in which they were named: what is still under way is kept in any case.
        over = [name for name, (run, _) in self._named.items() if run.is_finished]
        too_many = len(over) - NAMED_MAX + 1
        long_ago = self._clock() - NAMED_S_MAX
        for index, name in enumerate(over):
            if index < too_many or self._named[name][1] < long_ago:
                del self._named[name]

    def active(self) -> list[Active]:
        """Return the runs that are not over."""
        return [each for each in self._active if not each.drive.finished]

    def joined(self, tenant: str, request_id: str | None) -> Run[Any] | None:
        """Return the run that a call of this name began."""
        if request_id is None:
            return None
        named = self._named.get((tenant, request_id))
        return None if named is None else named[0]

    def check_loops(self, tenant: str, thread_id: str | None) -> None:
        """End those runs of a thread whose loop is closed and whose work was lost with it."""
        for each in self.active():
            if thread_id is not None and (each.tenant, each.thread_id) == (tenant, thread_id):
                with suppress(FlowaiError):
                    each.drive.check_loop()

    def busy(self, tenant: str, thread_id: str | None) -> Active | None:
        """Return the last active run of a thread."""
        if thread_id is None:
            return None
        found = [each for each in self.active() if (each.tenant, each.thread_id) == (tenant, thread_id)]
        return found[-1] if found else None

    def age(self, approval_id: str) -> int:
        """Return a number that is lower the earlier an approval was asked."""
        waiting = [each for run in self._active for each in run.waiting()]
        return waiting.index(approval_id) if approval_id in waiting else -1

    def waiting_for(self, approval_id: str, tenant: str) -> Drive | None:
        """Return the run that waits for the answer to an approval."""
        for each in self.active():
            if each.tenant == tenant and approval_id in each.waiting():
                return each.drive
        return None

    def left_by(self, approval_id: str, tenant: str) -> Drive | None:
        """Return the run that left a write in doubt, over or not."""
        for each in self._active:
            if each.tenant == tenant and approval_id in each.drive.left_open():
                return each.drive
        return None
