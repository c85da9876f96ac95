"""How well a run did what its case expects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flowai.errors import SpecError
from flowai.evals.alignment import Alignment, align
from flowai.evals.case import RawSampleOutput, TestCase
from flowai.specs.names import did_you_mean


@dataclass(frozen=True, slots=True)
class Score:
    """One scorer's verdict; a value that could not be had is missing, never 0."""

    name: str
    value: float | None
    weight: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ScoredSample:
    """The scores of one run and the alignment behind them; prints both."""

    case_id: str
    aggregate: float | None
    """The weighted mean of the scores that are not missing."""
    scores: tuple[Score, ...]
    alignment: Alignment | None

    def __str__(self) -> str:
        """Write the scores, then the alignment as two columns."""
        lines = [f"{self.case_id}: {_number(self.aggregate)}"]
        lines += [f"  {score.name} {_number(score.value)} {score.reason}".rstrip() for score in self.scores]
        return "\n".join(lines if self.alignment is None else [*lines, str(self.alignment)])


def score_sample(case: TestCase, output: RawSampleOutput, scorer_preset: str = "trajectory_only") -> ScoredSample:
    """Score what a run did against what its case expects.

    Args:
        case: what is expected.
        output: what the run did.
        scorer_preset: which scorers; `trajectory_only` compares the calls in their order and
            scores twice the aligned weight over the length of both (an F1 of the alignment).

    Raises:
        SpecError: there is no such preset.

    Example:
        >>> from flowai.evals.case import define_test_case
        >>> case = define_test_case("basic", "Plan it", expected_trajectory=["plan", "explain"])
        >>> score_sample(case, RawSampleOutput(actual_trajectory=["plan", "explain"])).aggregate
        1.0
    """
    if scorer_preset not in PRESETS:
        message = f"unknown scorer preset `{scorer_preset}`"
        raise SpecError(message, where=f"test case `{case.id}`", hint=did_you_mean(scorer_preset, PRESETS))
    return PRESETS[scorer_preset](case, output)


def _trajectory_only(case: TestCase, output: RawSampleOutput) -> ScoredSample:
    if case.expected_trajectory is None or output.steps is None:
        side = "case expects" if case.expected_trajectory is None else "output has"
        score = Score("trajectory", None, reason=f"missing: the {side} no trajectory")
        return ScoredSample(case.id, None, (score,), None)
    alignment = align(case.expected_trajectory, output.steps)
    both = len(case.expected_trajectory) + len(output.steps)
    value = 1.0 if both == 0 else 2 * alignment.weight / both
    score = Score("trajectory", value, reason=_counted(alignment))
    return ScoredSample(case.id, _aggregate((score,)), (score,), alignment)


PRESETS: dict[str, Callable[[TestCase, RawSampleOutput], ScoredSample]] = {"trajectory_only": _trajectory_only}
"""The presets that exist now."""


def _aggregate(scores: tuple[Score, ...]) -> float | None:
    present = [(score.value, score.weight) for score in scores if score.value is not None]
    total = sum(weight for _, weight in present)
    return sum(value * weight for value, weight in present) / total if total else None


def _counted(alignment: Alignment) -> str:
    signs = [pair.sign for pair in alignment.pairs]
    told = {"=": "matched", "~": "with other arguments", "-": "missing", "+": "extra"}
    return ", ".join(f"{signs.count(sign)} {word}" for sign, word in told.items() if sign in signs)


def _number(value: float | None) -> str:
    return "missing" if value is None else f"{value:.3f}"
