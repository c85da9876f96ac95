"""What a judge answers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Verdict(BaseModel):
    """A reason first, then a score that follows from it."""

    reason: str
    score: float = Field(ge=0, le=1)
    """0 is not at all, 1 is wholly."""


class Preference(BaseModel):
    """A reason first, then the better of two answers."""

    reason: str
    better: Literal["A", "B", "neither"]
