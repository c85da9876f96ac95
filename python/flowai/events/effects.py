"""What happened to an effect that has no events of its own: clock, chance, a user's."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, ErrorNote, Json
from flowai.events.visible import called, quoted, visible


class EffectAsked(Envelope):
    """A program asked."""

    type: Literal["effect_asked"] = "effect_asked"
    effect: str
    arguments: Json

    def told(self) -> str:
        """Show the question."""
        return called(self.effect, self.arguments)


class EffectAnswered(Envelope):
    """The interpreter answered."""

    type: Literal["effect_answered"] = "effect_answered"
    effect: str
    answer: Json

    def told(self) -> str:
        """Show the answer."""
        return f"{visible(self.effect)} = {quoted(self.answer)}"


class EffectFailed(Envelope):
    """The interpreter could not answer."""

    type: Literal["effect_failed"] = "effect_failed"
    effect: str
    error: ErrorNote

    def told(self) -> str:
        """Show the error."""
        return f"{visible(self.effect)}: {self.error.told()}"
