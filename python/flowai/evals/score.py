"""How well a run did what its case expects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flowai.errors import SpecError

if TYPE_CHECKING:
    from flowai.evals.alignment import Alignment
    from flowai.evals.case import RawSampleOutput, TestCase
    from flowai.evals.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Score:
    """One scorer's verdict; a value that could not be had is missing, never 0."""

    name: str
    value: float | None
    weight: float = 1.0
    said: str = ""
    alignment: Alignment | None = None
    is_gate: bool = False
    votes: tuple[float | None, ...] = ()
    """What each judge said, where judges were asked; nothing where one could not be reached."""

    @property
    def reason(self) -> str:
        """Why the value is what it is."""
        return self.said if self.said or self.alignment is None else self.alignment.told()


@dataclass(frozen=True, slots=True)
class ScoredSample:
    """The scores of one run and the alignments behind them; prints both."""

    case_id: str
    aggregate: float | None
    """The weighted mean of the scores that are not missing; 0 where a gate failed."""
    scores: tuple[Score, ...]

    @property
    def alignment(self) -> Alignment | None:
        """The first alignment behind a score."""
        return next((score.alignment for score in self.scores if score.alignment is not None), None)

    @property
    def failed_gates(self) -> tuple[Score, ...]:
        """The gates that made the sample worth nothing."""
        return tuple(score for score in self.scores if _is_shut(score))

    def __str__(self) -> str:
        """Write the scores, each with its alignment as two columns."""
        lines = [f"{self.case_id}: {number(self.aggregate)}"]
        for score in self.scores:
            gate = " gate" if score.is_gate else ""
            lines.append(f"  {score.name}{gate} {number(score.value)} {score.reason}".rstrip())
        lines += [str(score.alignment) for score in self.scores if score.alignment is not None]
        return "\n".join(lines)


def score_sample(
    case: TestCase,
    output: RawSampleOutput,
    scorer_preset: str = "trajectory_only",
    *,
    scorers: Sequence[Scorer] | None = None,
) -> ScoredSample:
    """Score what a run did against what its case expects.

    Args:
        case: what is expected.
        output: what the run did.
        scorer_preset: which scorers: `trajectory_only`, `planner`, `executor`, `specialist` or `strict`;
            `docs/evals.md` has what is in each.
        scorers: scorers of your choice, in place of a preset.

    Raises:
        SpecError: there is no such preset, or `scorers` is no list of scorers.

    Example:
        >>> from flowai.evals.case import RawSampleOutput, define_test_case
        >>> case = define_test_case("basic", "Plan it", expected_trajectory=["plan", "explain"])
        >>> score_sample(case, RawSampleOutput(actual_trajectory=["plan", "explain"])).aggregate
        1.0
    """
    chosen = taken_scorers(scorers, scorer_preset, f"test case `{case.id}`")
    return scored(case.id, tuple([scorer.score(case, output) for scorer in chosen]))


def taken_scorers(scorers: object, preset: str, where: str = "") -> tuple[Scorer, ...]:
    """Return the scorers that were given, or those of the preset.

    Raises:
        SpecError: there is no such preset, or what was given is no list of scorers.
    """
    if scorers is None:
        return tuple(chosen_scorers(preset, where))
    from flowai.evals.scorer import Scorer

    listed = list(cast("Sequence[object]", scorers)) if isinstance(scorers, Sequence) else [None]
    found = tuple(each for each in listed if isinstance(each, Scorer))
    if len(found) < len(listed):
        raise SpecError(f"`scorers` is {scorers!r}", where=where, hint="write `scorers=[Trajectory(), ...]`")
    return found


def chosen_scorers(preset: str, where: str = "") -> Sequence[Scorer]:
    """Return the scorers of a preset.

    Raises:
        SpecError: there is no such preset.
    """
    from flowai.evals.presets import PRESETS

    found = PRESETS.get(preset)
    if found is None:
        from flowai.specs.names import did_you_mean

        raise SpecError(f"unknown scorer preset `{preset}`", where=where, hint=did_you_mean(preset, PRESETS))
    return found


def scored(case_id: str, scores: tuple[Score, ...]) -> ScoredSample:
    """Return a sample with its aggregate.

    Example:
        >>> scored("a", (Score("one", 1.0, 3.0), Score("two", 0.0), Score("three", None))).aggregate
        0.75
    """
    return ScoredSample(case_id, _aggregate(scores), scores)


def _aggregate(scores: tuple[Score, ...]) -> float | None:
    if any(map(_is_shut, scores)):
        return 0.0
    total = weight = 0.0
    for score in scores:
        if score.value is not None and not score.is_gate:
            total += score.value * score.weight
            weight += score.weight
    if weight:
        return total / weight
    # Where there is nothing but gates, standing open is all that was asked.
    return 1.0 if any(score.is_gate and score.value is not None for score in scores) else None


def _is_shut(score: Score) -> bool:
    return score.is_gate and score.value is not None and score.value < 1


def number(value: float | None) -> str:
    """Write a score; what is missing is said to be."""
    return "missing" if value is None else f"{value:.3f}"
