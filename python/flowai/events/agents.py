"""What happened to an agent."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, ErrorNote, Json
from flowai.events.visible import called, quoted, visible


class AgentStarted(Envelope):
    """An agent began to work."""

    type: Literal["agent_started"] = "agent_started"
    role: str
    model: str

    def told(self) -> str:
        """Name role and model."""
        return f"{visible(self.role)} on {visible(self.model)}"


class AgentCalled(Envelope):
    """An agent handed work to another."""

    type: Literal["agent_called"] = "agent_called"
    callee: str
    message: str

    def told(self) -> str:
        """Show the handoff."""
        return called(self.callee, {"message": self.message})


class HistoryShortened(Envelope):
    """An agent is shown less of its thread: a summary stands for older turns, or they are left out."""

    type: Literal["history_shortened"] = "history_shortened"
    turns: int
    """How many turns the thread had."""
    dropped: int
    """How many of them are not shown word by word."""
    summarised: bool
    """Whether a summary stands for them."""
    error: ErrorNote | None
    """Why there is no summary."""

    def told(self) -> str:
        """Show how much is left out, and why without a summary."""
        how = "summarised" if self.error is None else f"left out: {self.error.told()}"
        return f"{self.dropped} of {self.turns} turns {how}"


class AgentFinished(Envelope):
    """An agent ended with an output."""

    type: Literal["agent_finished"] = "agent_finished"
    output: Json

    def told(self) -> str:
        """Show the output."""
        return quoted(self.output)
