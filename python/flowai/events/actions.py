"""What happened to an action of a plan."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, ErrorNote, Json
from flowai.events.visible import called, quoted, visible


class _ActionEvent(Envelope):
    plan_id: str
    index: int
    """Which action of the plan, from 0."""
    kind: str

    def named(self) -> str:
        """Name the action."""
        return f"{visible(self.plan_id)}[{self.index}] {visible(self.kind)}"


class ActionStarted(_ActionEvent):
    """An action began."""

    type: Literal["action_started"] = "action_started"
    arguments: Json

    def told(self) -> str:
        """Show the action."""
        return f"{visible(self.plan_id)}[{self.index}] {called(self.kind, self.arguments)}"


class ActionFinished(_ActionEvent):
    """An action is done."""

    type: Literal["action_finished"] = "action_finished"
    result: Json

    def told(self) -> str:
        """Show the result."""
        return f"{self.named()} = {quoted(self.result)}"


class ActionFailed(_ActionEvent):
    """An action failed."""

    type: Literal["action_failed"] = "action_failed"
    error: ErrorNote

    def told(self) -> str:
        """Show the error."""
        return f"{self.named()}: {self.error.told()}"


class ActionInDoubt(_ActionEvent):
    """Nobody knows whether an action, or a write outside a plan, happened; a human is asked."""

    type: Literal["action_in_doubt"] = "action_in_doubt"

    def told(self) -> str:
        """Name the action."""
        return self.named()


class ActionUndone(_ActionEvent):
    """What an action did was taken back by its declared undo."""

    type: Literal["action_undone"] = "action_undone"
    result: Json
    """What the undo answered."""
    by: str
    """Who took it back."""

    def told(self) -> str:
        """Name the action and who took it back."""
        return f"{self.named()} = {quoted(self.result)} by {visible(self.by)}"


class ActionSkipped(_ActionEvent):
    """An action was left out by whoever approved the rest."""

    type: Literal["action_skipped"] = "action_skipped"
    by: str | None = None

    def told(self) -> str:
        """Name the action and who left it out."""
        return f"{self.named()} by {visible(self.by)}" if self.by else self.named()
