"""One question for chance: a number."""

from __future__ import annotations

from dataclasses import dataclass

from flowai.effects.effect import Effect
from flowai.effects.families import Chance
from flowai.errors import ProgramError

LEAST = -(2**63)
"""The smallest number that can be drawn."""
GREATEST = 2**63 - 1
"""The largest number that can be drawn."""


@dataclass(frozen=True)
class DrawNumber(Effect[int], Chance):
    """Draw a whole number, both ends included.

    Raises:
        ProgramError: `low` is above `high`, or one of them has more than 64 bits.

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
        if self.low < LEAST or self.high > GREATEST:
            message = f"`{self.low if self.low < LEAST else self.high}` has more than 64 bits"
            raise ProgramError(message, hint=f"draw between {LEAST} and {GREATEST}")
