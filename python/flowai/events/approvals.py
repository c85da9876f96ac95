"""What happened to a question for a human."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, Json
from flowai.events.visible import shortened, visible

ApprovalKind = Literal["tool", "plan", "in_doubt", "program"]


class ApprovalRequired(Envelope):
    """Something will not happen before a human approves it."""

    type: Literal["approval_required"] = "approval_required"
    approval_id: str
    kind: ApprovalKind
    title: str
    subject: Json
    """What would run, from the very bytes the digest names. `{"tool", "arguments"}` for a tool,
    `{"plan_id", "revision", "body"}` for a plan, the subject itself for a program; for a write in doubt
    `{"tool", "arguments", "plan_id", "action", "idempotency_key"}`. Its texts are escaped."""
    cards: list[Json]
    """The subject as a reviewer sees it."""
    digest: str
    rule: str
    """The rule that asked."""
    expires_at: int
    """In milliseconds since 1970; no answer until then is a rejection."""

    def told(self) -> str:
        """Name the question and how to answer it."""
        title = shortened(visible(self.title))
        return f"{visible(self.approval_id)} {self.kind}: {title} (by {visible(self.rule)})"


class ApprovalResolved(Envelope):
    """A human or the policy decided."""

    type: Literal["approval_resolved"] = "approval_resolved"
    approval_id: str
    decision: Literal["approved", "rejected", "happened", "run_again", "failed"]
    """`happened`, `run_again` and `failed` answer for a write in doubt."""
    principal: str | None = None
    reason: str | None = None
    digest: str
    edited: bool

    def told(self) -> str:
        """Say who decided what."""
        who = f" by {visible(self.principal)}" if self.principal else ""
        why = f": {visible(self.reason)}" if self.reason else ""
        return f"{visible(self.approval_id)} {self.decision}{' with edits' if self.edited else ''}{who}{why}"


class ApprovalExpired(Envelope):
    """Nobody decided in time, which counts as a rejection."""

    type: Literal["approval_expired"] = "approval_expired"
    approval_id: str
    digest: str

    def told(self) -> str:
        """Name the question."""
        return visible(self.approval_id)


class ApprovalWithdrawn(Envelope):
    """Nobody needs the answer any more: the plan has a newer revision, or the run ended without it."""

    type: Literal["approval_withdrawn"] = "approval_withdrawn"
    approval_id: str
    reason: str
    digest: str

    def told(self) -> str:
        """Name the question and why it waits no more."""
        return f"{visible(self.approval_id)}: {visible(self.reason)}"
