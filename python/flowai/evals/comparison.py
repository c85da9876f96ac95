"""Two evaluations side by side: what is shown, and what is not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from flowai.errors import SpecError
from flowai.evals.statistics import LEVEL, Estimate, clustered_stderr, scipy
from flowai.specs.names import did_you_mean

if TYPE_CHECKING:
    from flowai.evals.runs.results import EvalResults

ALPHA = 1 - LEVEL


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One case under both."""

    case_id: str
    before: float
    after: float

    @property
    def difference(self) -> float:
        """How much better the second is."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """A paired comparison on the cases that both have; prints regressions first."""

    score: str
    changes: tuple[CaseChange, ...]
    """Every shared case, the worst regression first."""
    difference: Estimate
    p_value: float | None
    """Of the exact test: McNemar's for pass and fail, the sign test where all differences are alike."""
    test: Literal["mcnemar", "sign", "interval"]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    unscored_before: tuple[str, ...] = ()
    """The cases that have a score under the second alone: under the first they have an error, or it is missing."""
    unscored_after: tuple[str, ...] = ()
    """The cases that have a score under the first alone."""

    @property
    def regressions(self) -> tuple[CaseChange, ...]:
        """The cases that are worse under the second."""
        return tuple(change for change in self.changes if change.difference < 0)

    @property
    def improvements(self) -> tuple[CaseChange, ...]:
        """The cases that are better under the second."""
        return tuple(change for change in self.changes if change.difference > 0)

    @property
    def verdict(self) -> Literal["better", "worse", "not shown"]:
        """What the numbers show of the second."""
        mean, low, high = self.difference.mean, self.difference.low, self.difference.high
        if self.p_value is not None:
            is_shown = self.p_value < ALPHA
        else:
            is_shown = low is not None and high is not None and not low <= 0 <= high
        if mean is None or not is_shown:
            return "not shown"
        return "better" if mean > 0 else "worse"

    @property
    def sentence(self) -> str:
        """Say what is shown and what is not."""
        shared = len(self.changes)
        if shared < 2:
            return f"not shown to be better: {shared} shared case{'s' * (shared != 1)} cannot show it"
        mean, low, high = self.difference.mean or 0.0, self.difference.low, self.difference.high
        reach = "" if low is None or high is None else f" (95 % interval {low:+.3f} to {high:+.3f})"
        told = f"{self.score} differs by {mean:+.3f}{reach} on {shared} shared cases"
        how = "" if self.p_value is None else f", exact {_TESTS[self.test]} p = {self.p_value:.3f}"
        if self.verdict != "not shown":
            return f"shown to be {self.verdict}: {told}{how}"
        if not any(change.difference for change in self.changes):
            return f"not shown to be better: the same on all {shared} shared cases, which does not show them equal"
        return f"not shown to be better: {told}{how}"

    def __str__(self) -> str:
        """Write the sentence, then the cases that changed."""
        lines = [self.sentence]
        for title, changes in (("regressions", self.regressions), ("improvements", self.improvements[::-1])):
            if changes:
                lines.append(f"{title}:")
                lines += [f"  {each.case_id}: {each.before:.3f} → {each.after:.3f}" for each in changes]
        for title, cases in (
            ("no score any more in the second", self.unscored_after),
            ("no score in the first", self.unscored_before),
            ("only in the first", self.only_before),
            ("only in the second", self.only_after),
        ):
            if cases:
                lines.append(f"{title}: {', '.join(cases)}")
        return "\n".join(lines)


_TESTS = {"mcnemar": "McNemar", "sign": "sign test"}


def compare(before: EvalResults, after: EvalResults, score: str = "aggregate") -> Comparison:
    """Compare two evaluations on the cases that both have, each case against itself.

    Repeats of a case count as their mean. Where every case has one run and passes or fails, an exact McNemar test
    decides (1947); elsewhere the interval of the mean difference does.

    Raises:
        SpecError: no sample of either has such a score.
        StatisticsUnavailable: SciPy is not installed.
    """
    known = [*before.score_names, *after.score_names]
    if score not in known:
        raise SpecError(f"neither evaluation has a score `{score}`", hint=did_you_mean(score, known))
    first, second = before.by_case(score), after.by_case(score)
    shared = [case for case in first if first[case] and second.get(case)]
    changes = [CaseChange(case, _mean(first[case]), _mean(second[case])) for case in shared]
    changes.sort(key=lambda change: (change.difference, change.case_id))
    found = _difference(changes)
    test, p_value = _tested([first[case] + second[case] for case in shared], changes)
    return Comparison(
        score,
        tuple(changes),
        found,
        p_value,
        test,
        only_before=tuple(case for case in first if case not in second),
        only_after=tuple(case for case in second if case not in first),
        unscored_before=tuple(case for case in first if not first[case] and second.get(case)),
        unscored_after=tuple(case for case in second if not second[case] and first.get(case)),
    )


def _difference(changes: list[CaseChange]) -> Estimate:
    """Return the mean difference with Student's interval, but where all are alike: no spread is no certainty."""
    count, differences = len(changes), [change.difference for change in changes]
    if not changes:
        return Estimate(None, None, None, None, 0, 0, "none")
    mean = _mean(differences)
    if count < 2:
        return Estimate(mean, None, None, None, count, count, "none")
    error = clustered_stderr([[each] for each in differences])
    if len(set(differences)) == 1:
        return Estimate(mean, error, None, None, count, count, "none")
    reach = float(scipy("stats").t.ppf((1 + LEVEL) / 2, count - 1)) * error
    return Estimate(mean, error, mean - reach, mean + reach, count, count, "t")


def _tested(
    values: list[list[float]], changes: list[CaseChange]
) -> tuple[Literal["mcnemar", "sign", "interval"], float | None]:
    better = sum(change.difference > 0 for change in changes)
    worse = sum(change.difference < 0 for change in changes)
    passes_or_fails = all(len(each) == 2 and set(each) <= {0.0, 1.0} for each in values)
    are_alike = len({change.difference for change in changes}) == 1
    if len(changes) < 2 or not (passes_or_fails or are_alike):
        return "interval", None
    p_value = 1.0 if better + worse == 0 else float(scipy("stats").binomtest(better, better + worse, 0.5).pvalue)
    return ("mcnemar" if passes_or_fails else "sign"), p_value


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
