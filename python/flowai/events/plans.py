"""What happened to a plan."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, Json, Note
from flowai.events.visible import quoted, visible

Status = Literal["DRAFT", "APPROVED", "EXECUTING", "EXECUTED", "FAILED"]


class Change(Note):
    """One value of a plan before and after an edit."""

    path: str
    before: Json = None
    after: Json = None

    def told(self) -> str:
        """Show both sides."""
        return f"{visible(self.path)}: {quoted(self.before)} → {quoted(self.after)}"


class PlanStored(Envelope):
    """A plan was stored, new or as a new revision."""

    type: Literal["plan_stored"] = "plan_stored"
    plan_id: str
    plan: str
    """The name of its kind."""
    revision: int
    status: Status
    digest: str
    """Of the body; what an approval names."""
    body: Json

    def told(self) -> str:
        """Name the plan and show its body."""
        return f"{visible(self.plan)} {visible(self.plan_id)} r{self.revision} {self.status} {quoted(self.body)}"


class PlanChanged(Envelope):
    """A plan moved to another status, or a human edited or rejected its draft."""

    type: Literal["plan_changed"] = "plan_changed"
    plan_id: str
    plan: str
    revision: int
    before: Status
    after: Status
    by: str
    """Who moved it: the part (`human`, `planner`, `executor`, `policy`, `runtime`) and the name."""
    reason: str | None = None
    diff: list[Change]

    @property
    def is_rejection(self) -> bool:
        """Whether a draft was rejected: it stays one, and the reason is told."""
        return self.before == self.after == "DRAFT" and self.reason is not None

    def told(self) -> str:
        """Show the step and the edits."""
        named = f"{visible(self.plan)} {visible(self.plan_id)} r{self.revision}"
        step = f"{named} rejected" if self.is_rejection else f"{named} {self.before} → {self.after}"
        why = f": {visible(self.reason)}" if self.reason else ""
        edits = "".join(f"; {change.told()}" for change in self.diff)
        return f"{step} by {visible(self.by)}{why}{edits}"
