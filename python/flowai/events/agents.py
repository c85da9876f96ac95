"""What happened to an agent."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, Json
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


class AgentFinished(Envelope):
    """An agent ended with an output."""

    type: Literal["agent_finished"] = "agent_finished"
    output: Json

    def told(self) -> str:
        """Show the output."""
        return quoted(self.output)
