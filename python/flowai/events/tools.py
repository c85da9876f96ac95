"""What happened in a call of a tool."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, ErrorNote, Json
from flowai.events.visible import called, quoted, visible

Access = Literal["read", "write_idempotent", "write_once"]


class ToolCalled(Envelope):
    """A tool was let out to run; everything that had to be approved was."""

    type: Literal["tool_called"] = "tool_called"
    tool: str
    arguments: Json
    access: Access
    call_id: str | None = None
    """The id a model gave the call."""
    idempotency_key: str

    def told(self) -> str:
        """Show the call."""
        return called(self.tool, self.arguments)


class ToolProgressed(Envelope):
    """A tool told how far it is."""

    type: Literal["tool_progressed"] = "tool_progressed"
    tool: str
    report: Json

    def told(self) -> str:
        """Show the report."""
        return f"{visible(self.tool)}: {quoted(self.report)}"


class ToolAnswered(Envelope):
    """A tool returned."""

    type: Literal["tool_answered"] = "tool_answered"
    tool: str
    call_id: str | None = None
    result: Json
    bytes: int
    """The size of the whole result as JSON."""

    def told(self) -> str:
        """Show the result."""
        return f"{visible(self.tool)} = {quoted(self.result)}"


class ToolFailed(Envelope):
    """A tool raised; the model is told less than stands here."""

    type: Literal["tool_failed"] = "tool_failed"
    tool: str
    call_id: str | None = None
    error: ErrorNote
    cause_type: str | None = None
    """The class of what the tool raised."""
    traceback: str | None = None

    def told(self) -> str:
        """Show the error."""
        return f"{visible(self.tool)}: {self.error.told()}"
