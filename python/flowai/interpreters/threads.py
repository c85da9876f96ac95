"""The threads of a runtime: which run is active in each, and which call began it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
        return self.drive.session.waiting()

    @property
    def is_paused(self) -> bool:
        """Whether the run waits for a human."""
        return self.drive.is_paused

    def cancel(self, reason: str) -> None:
        """Cancel the run."""
        self.run.cancel(reason)


class Threads:
    """The runs of a runtime that are not over, and those that were named."""

    def __init__(self) -> None:
        self._active: list[Active] = []
        self._named: dict[tuple[str, str], Run[Any]] = {}

    def add(self, tenant: str, thread_id: str | None, request_id: str | None, drive: Drive, run: Run[Any]) -> None:
        """Note a run that begins."""
        self._active = [*self.active(), Active(tenant, thread_id, drive, run)]
        if request_id is not None:
            self._named[tenant, request_id] = run

    def active(self) -> list[Active]:
        """Return the runs that are not over."""
        return [each for each in self._active if not each.drive.finished]

    def joined(self, tenant: str, request_id: str | None) -> Run[Any] | None:
        """Return the run that a call of this name began."""
        return None if request_id is None else self._named.get((tenant, request_id))

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
