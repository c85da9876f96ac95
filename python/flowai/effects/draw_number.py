"""One question for chance: a number."""

from __future__ import annotations

from dataclasses import dataclass

from flowai.effects.effect import Effect
from flowai.effects.families import Chance
from flowai.errors import ProgramError


@dataclass(frozen=True)
class DrawNumber(Effect[int], Chance):
    """Draw a whole number, both ends included.

    Raises:
        ProgramError: `low` is above `high`.

    Example:
        >>> DrawNumber(1, 6).encode()
        {'low': 1, 'high': 6}
    """

    low: int
    """The smallest number that may be drawn."""
    high: int
    """The largest number that may be drawn."""

    def __post_init__(self) -> None:
        if self.low > self.high:
            message = f"no whole number is between {self.low} and {self.high}"
            raise ProgramError(message, hint="give the smaller number first")
