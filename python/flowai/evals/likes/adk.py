"""Scores as Google's Agent Development Kit gives them: per turn, then the mean over the turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flowai.evals.likes.reading import calls_of, value, verdict

if TYPE_CHECKING:
    from flowai.evals.trajectory import Trajectory

Turns = Sequence[Sequence[Any]]


def exact(expected: Turns, actual: Turns) -> float | None:
    """The same calls in the same order."""
    return _mean(expected, actual, verdict("sequence"))


def in_order(expected: Turns, actual: Turns) -> float | None:
    """The expected calls in their order, others between them."""
    return _mean(expected, actual, verdict("sequence", extra="allow"))


def any_order(expected: Turns, actual: Turns) -> float | None:
    """The expected calls in any order, others beside them."""
    return _mean(expected, actual, verdict("any", extra="allow"))


def parameter_match(expected: Turns, actual: Turns) -> float | None:
    """The mean over expected calls, lined up by name and order, of the share of expected arguments that are right."""
    from flowai.evals.trajectory import Trajectory

    scorer = Trajectory(args="share", extra="allow", value="recall", name_credit=0.0)
    turns = [(wanted, done) for wanted, done in zip(expected, actual, strict=True) if wanted]
    return _mean([wanted for wanted, _ in turns], [done for _, done in turns], scorer)


def _mean(expected: Turns, actual: Turns, scorer: Trajectory) -> float | None:
    scores = [value(calls_of(wanted), calls_of(done), scorer) for wanted, done in zip(expected, actual, strict=True)]
    return sum(scores) / len(scores) if scores else None
