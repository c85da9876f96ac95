"""One question for chance: an identifier."""

from __future__ import annotations

from dataclasses import dataclass

from flowai.effects.effect import Effect
from flowai.effects.families import Chance


@dataclass(frozen=True)
class DrawId(Effect[str], Chance):
    """Draw an identifier that nobody else has.

    Example:
        >>> DrawId().encode()
        {}
    """
