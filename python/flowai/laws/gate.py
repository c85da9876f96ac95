"""The gate seen from outside: which approval let which call out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowai.events import ApprovalRequired, ApprovalResolved, ToolCalled
from flowai.laws.tools import GATED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowai.events import Event


class Gatekeeper:
    """Reads events and objects to a gated call that no approval lets out."""

    def __init__(self) -> None:
        self.asked: dict[str, ApprovalRequired] = {}
        self.unused: list[tuple[str, str, Any]] = []
        """Position, tool and arguments of what was approved and has not been called."""
        self.refused: set[str] = set()
        self.calls = 0

    def read(self, events: Iterable[Event]) -> Gatekeeper:
        """Read events in order.

        Raises:
            AssertionError: A call has no earlier matching, unused, unexpired approval.
        """
        for event in events:
            if isinstance(event, ApprovalRequired):
                assert event.approval_id not in self.asked, "an approval is asked once"
                self.asked[event.approval_id] = event
            elif isinstance(event, ApprovalResolved):
                self.resolved(event)
            elif isinstance(event, ToolCalled) and event.tool in GATED:
                self.called(event)
        return self

    def resolved(self, event: ApprovalResolved) -> None:
        """Note what a human allowed or refused."""
        asked = self.asked[event.approval_id]
        assert event.digest == asked.digest, "a decision names what was asked"
        assert event.at < asked.expires_at, "a decision comes in time"
        if event.decision == "rejected":
            self.refused.add(asked.position)
            return
        self.unused.append(
            (asked.position, asked.subject["tool"], None if event.edited else asked.subject["arguments"])
        )

    def called(self, event: ToolCalled) -> None:
        """Take the approval that lets a call out."""
        assert event.position not in self.refused, "a refusal has no call after it"
        found = [each for each in self.unused if each[:2] == (event.position, event.tool)]
        assert found, f"`{event.tool}` was called at {event.position} without an unused approval"
        (approved, *_) = found
        assert approved[2] in (None, event.arguments), "what is called is what was approved"
        self.unused.remove(approved)
        self.calls += 1
