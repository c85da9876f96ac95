"""One question for the clock: wait."""

from __future__ import annotations

from dataclasses import dataclass

from flowai.effects.effect import Effect
from flowai.effects.families import Clock


@dataclass(frozen=True)
class Sleep(Effect[None], Clock):
    """Wait, by the clock of the interpreter.

    Example:
        >>> Sleep(0.5).encode()
        {'seconds': 0.5}
    """

    seconds: float
    """How long, in seconds."""
