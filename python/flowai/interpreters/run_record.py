"""A run as the store lists it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

Status = Literal["running", "paused", "finished", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run that the store keeps."""

    run_id: str
    tenant: str
    thread_id: str | None
    name: str
    """What it runs, in one line; empty once its thread was erased, as is all else that was said."""
    status: Status
    """`paused` waits for a human; a `running` one whose process is gone can be resumed."""
    started_at: int
    """In milliseconds since the Unix epoch."""
    request_id: str | None
    principal: str | None
    config_version: str
    """The version of the tenant's configuration when it began."""
    output: Any
    """What it came to, in JSON types."""
    error: dict[str, Any] | None
    """Why it failed: its kind, message and hint."""

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.status in ("finished", "failed", "cancelled")

    @classmethod
    def read(cls, written: dict[str, Any]) -> RunRecord:
        """Read what the native part lists; of a run that was erased it has only where that stands."""
        return cls(
            run_id=written["run_id"],
            tenant=written["tenant"],
            thread_id=written["thread"],
            name=written.get("name") or "",
            status=cast("Status", written["status"]),
            started_at=written["started_at"],
            request_id=written["request_id"],
            principal=written.get("principal"),
            config_version=written.get("config_version") or "",
            output=written.get("output"),
            error=written.get("error"),
        )
