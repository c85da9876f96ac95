"""What a run has used."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope
from flowai.events.models import Usage
from flowai.events.visible import visible


class UsageUpdated(Envelope):
    """The totals of the run so far."""

    type: Literal["usage_updated"] = "usage_updated"
    run: Usage
    model_calls: int
    tool_calls: int

    def told(self) -> str:
        """Show the totals."""
        return f"{self.run.told()}; {self.model_calls} model calls, {self.tool_calls} tool calls"


class LimitReached(Envelope):
    """A budget is used up."""

    type: Literal["limit_reached"] = "limit_reached"
    limit: str
    value: int | float
    scope: Literal["agent", "run", "thread"]
    """Whose limit it is."""

    def told(self) -> str:
        """Name the limit."""
        return f"{visible(self.limit)} = {self.value} for the {self.scope}"
