"""How far judges agree, with one another and with people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from flowai.evals.statistics import krippendorff_alpha

if TYPE_CHECKING:
    from flowai.evals.runs.results import EvalResults

Level = Literal["nominal", "ordinal", "interval", "ratio"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha, and how often raters said the same."""

    alpha: float | None
    """1 is wholly, 0 as by chance; nothing where nobody rated the same thing twice."""
    same: float | None
    """The share of things of which all said the same."""
    count: int
    """How many things more than one rated."""


def judges_agree(results: EvalResults, score: str = "judge", level: Level = "interval") -> Agreement:
    """Say how far the judges of a score agree with one another over all samples."""
    votes = [each.votes for sample in results if sample.scored for each in sample.scored.scores if each.name == score]
    return _agreement(votes, level)


def agrees_with(
    results: EvalResults, labels: Mapping[str, float], score: str = "judge", level: Level = "interval"
) -> Agreement:
    """Say how far a score agrees with what people said of the cases.

    Example:
        >>> from flowai.evals import EvalResults, Sample, Score, ScoredSample
        >>> samples = [Sample(case, 1, ScoredSample(case, value, ())) for case, value in (("a", 1.0), ("b", 0.0))]
        >>> agrees_with(EvalResults("d", samples), {"a": 1.0, "b": 0.0}, "aggregate").alpha
        1.0
    """
    said = [(sample.value(score), labels[sample.case_id]) for sample in results if sample.case_id in labels]
    return _agreement(said, level)


def _agreement(votes: Sequence[tuple[float | None, ...]], level: Level) -> Agreement:
    units = [[vote for vote in each if vote is not None] for each in votes]
    rated = [unit for unit in units if len(unit) > 1]
    if not rated:
        return Agreement(None, None, 0)
    same = sum(len(set(unit)) == 1 for unit in rated) / len(rated)
    return Agreement(krippendorff_alpha(votes, level), same, len(rated))
