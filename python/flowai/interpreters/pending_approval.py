"""An approval that waits, as a list of them shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingApproval:
    """Something that waits for a human."""

    approval_id: str
    kind: str
    """`tool`, `plan`, `in_doubt` or `program`."""
    title: str
    subject: Any
    """What would run, as the event `approval_required` shows it. `{"tool", "arguments"}` for a tool,
    `{"plan_id", "revision", "body"}` for a plan, the subject itself for a program; for a write in doubt
    `{"tool", "arguments", "plan_id", "action", "idempotency_key"}`. Its texts are escaped."""
    tool: str | None
    plan_id: str | None
    revision: int | None
    cards: tuple[Any, ...]
    digest: str
    rule: str
    expires_at: int
    """In milliseconds since the Unix epoch."""
    run_id: str
    thread_id: str | None
    agent: str | None
    tenant: str

    @classmethod
    def read(cls, written: dict[str, Any]) -> PendingApproval:
        """Read what the native part keeps of an approval."""
        fields: dict[str, Any] = {**written, "cards": tuple(written["cards"])}
        return cls(**fields)
