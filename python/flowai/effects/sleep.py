"""One question for the clock: wait."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flowai.effects.effect import Effect
from flowai.effects.families import Clock
from flowai.errors import ProgramError
from flowai.specs.numbers import is_from_zero


@dataclass(frozen=True)
class Sleep(Effect[None], Clock):
    """Wait, by the clock of the interpreter.

    Raises:
        ProgramError: `seconds` is negative, endless or no number.

    Example:
        >>> Sleep(0.5).encode()
        {'seconds': 0.5}
    """

    seconds: float
    """How long, in seconds."""

    def __post_init__(self) -> None:
        if not (is_from_zero(self.seconds) and self.seconds < math.inf):
            raise ProgramError(f"a sleep of {self.seconds!r} s", hint="give zero or more seconds, and an end")
