"""What happened to a run."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, ErrorNote, Json
from flowai.events.visible import quoted, visible


class RunStarted(Envelope):
    """A run began."""

    type: Literal["run_started"] = "run_started"
    program: str

    def told(self) -> str:
        """Name the program."""
        return visible(self.program)


class RunPaused(Envelope):
    """Nothing can go on before a human answers."""

    type: Literal["run_paused"] = "run_paused"
    approvals: list[str]

    def told(self) -> str:
        """Name what is waited for."""
        return "waits for " + ", ".join(visible(each) for each in self.approvals)


class RunResumed(Envelope):
    """A human answered and the run goes on."""

    type: Literal["run_resumed"] = "run_resumed"


class RunFinished(Envelope):
    """The run ended with an output."""

    type: Literal["run_finished"] = "run_finished"
    output: Json

    def told(self) -> str:
        """Show the output."""
        return quoted(self.output)


class RunFailed(Envelope):
    """The run ended with an error."""

    type: Literal["run_failed"] = "run_failed"
    error: ErrorNote

    def told(self) -> str:
        """Show the error."""
        return self.error.told()


class RunCancelled(Envelope):
    """The run was cancelled."""

    type: Literal["run_cancelled"] = "run_cancelled"
    reason: str | None = None

    def told(self) -> str:
        """Say why."""
        return visible(self.reason or "")
