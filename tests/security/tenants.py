"""What each tenant may see of a store that it shares: the model beside which the store is looked at."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flowai.events import Event
from flowai.interpreters import Run

TENANTS = ("acme", "globex", "initech")

CLERK = ("note", "same", "drop", "drops", "pay")
"""What the clerk is asked for."""


@dataclass
class Begun:
    """A run, and what it was begun with."""

    run: Run[Any]
    kind: str
    thread: str | None
    row: str
    message: str
    is_cancelled: bool = False
    is_over: bool = False
    is_erased: bool = False


@dataclass
class Asked:
    """An approval, and what was answered."""

    run_id: str
    kind: str
    rows: tuple[str, ...]
    """What is done once it is approved."""
    answer: str | None = None
    """What was decided; `withdrawn` where nobody can decide any more."""


@dataclass
class Tenant:
    """Everything that one tenant may know."""

    name: str
    runs: dict[str, Begun] = field(default_factory=dict[str, Begun])
    approvals: dict[str, Asked] = field(default_factory=dict[str, Asked])
    plans: dict[str, str] = field(default_factory=dict[str, str])
    """The run of each plan."""
    notes: dict[str, str] = field(default_factory=dict[str, str])
    """The text of each handle."""
    requests: dict[str, str] = field(default_factory=dict[str, str])
    """The run of each name of a call."""
    said: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """What the clerk remembers of each thread."""
    done: list[str] = field(default_factory=list[str])

    def text(self, words: object) -> str:
        """Return a text that tells whose it is."""
        return f"of-{self.name} {words}"

    def is_told_only_its_own(self, told: object) -> bool:
        """Say whether nothing of another tenant stands in what this one was told."""
        return not any(f"of-{other}" in repr(told) for other in TENANTS if other != self.name)

    def busy(self, thread: str | None) -> str | None:
        """Return the run that keeps a thread busy."""
        active = (run_id for run_id, each in self.runs.items() if not each.is_over and each.thread == thread)
        return None if thread is None else next(active, None)

    def pending(self, thread: str | None = None, run_id: str | None = None) -> set[str]:
        """Return the approvals that wait, all of them or those of one thread or run."""
        return {
            approval_id
            for approval_id, each in self.approvals.items()
            if each.answer is None
            and (run_id is None or each.run_id == run_id)
            and (thread is None or self.runs[each.run_id].thread == thread)
        }

    def learn(self, run_id: str, events: Iterable[Event]) -> None:
        """Take in what a run of this tenant told."""
        begun = self.runs[run_id]
        for event in events:
            assert (event.tenant, event.run_id, event.thread_id) == (self.name, run_id, begun.thread)
            assert self.is_told_only_its_own(event)
            self._learn(begun, event)

    def _learn(self, begun: Begun, event: Any) -> None:
        if event.type == "approval_required":
            rows = _rows_of(begun, event)
            self.approvals.setdefault(event.approval_id, Asked(event.run_id, event.kind, rows))
        elif event.type == "plan_stored":
            self.plans[event.plan_id] = event.run_id
        elif event.type == "reference_stored":
            self.notes[f"{event.kind}:{event.id}"] = begun.row

    def end(self, run_id: str, output: Any) -> None:
        """Take note of the end of a run; the clerk gives back all that it was ever told in the thread."""
        begun = self.runs[run_id]
        if not begun.is_over and begun.kind in CLERK and output is not None:
            told = [*self.said.get(begun.thread or "", []), begun.message]
            assert output["asked"] == told
            if begun.thread is not None:
                self.said[begun.thread] = told
        begun.is_over = True

    def withdraw(self, run_id: str) -> None:
        """Let nobody answer for a cancelled run any more, save for what it left in doubt."""
        self.runs[run_id].is_cancelled = True
        for approval_id in self.pending(run_id=run_id):
            if self.approvals[approval_id].kind != "in_doubt":
                self.approvals[approval_id].answer = "withdrawn"

    def erase(self, thread: str, *, is_durable: bool) -> None:
        """Forget what was said in a thread by the runs that are over."""
        over = {run_id for run_id, each in self.runs.items() if each.thread == thread and each.is_over}
        if is_durable:
            self.approvals = {name: each for name, each in self.approvals.items() if each.run_id not in over}
            for run_id in over:
                self.runs[run_id].is_erased = True
        if self.busy(thread) is None:
            self.said.pop(thread, None)
            gone = [plan_id for plan_id, run_id in self.plans.items() if self.runs[run_id].thread == thread]
            self.plans = {plan_id: run_id for plan_id, run_id in self.plans.items() if plan_id not in gone}


def _rows_of(begun: Begun, event: Any) -> tuple[str, ...]:
    if event.kind == "plan":
        return (begun.row, f"{begun.row} too")
    return (event.subject["arguments"]["row"],) if event.kind == "tool" else ()
