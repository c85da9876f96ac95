"""Scores as Ragas gives them: an F1 over calls with their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowai.evals.likes.reading import calls_of, graded, value


def f1(expected: Sequence[Any], actual: Sequence[Any]) -> float:
    """The F1 of the calls that are the same, arguments included, to four places."""
    return round(value(calls_of(expected), calls_of(actual), graded("any", args="exact")), 4)
