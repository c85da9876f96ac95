"""What scores show: means with standard errors and intervals, passes over repeats, agreement of raters.

The formulas are SciPy's; what is ours is which of them applies. `pip install flowai-harness[evals]` brings them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, cast

from flowai.errors import FlowaiError, SpecError
from flowai.specs.numbers import is_whole_and_positive

LEVEL = 0.95


class StatisticsUnavailable(FlowaiError):
    """The libraries for statistics are not installed."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with what is known of it; prints as one line."""

    mean: float | None
    stderr: float | None
    """Clustered by case, so that repeats of one case do not look like many cases."""
    low: float | None
    high: float | None
    count: int
    """How many values there are."""
    clusters: int
    """Of how many cases."""
    method: Literal["t", "wilson", "none"]
    """How the interval was had."""

    def __str__(self) -> str:
        """Write the mean with its interval."""
        if self.mean is None:
            return "missing"
        if self.low is None or self.high is None:
            told = "one case" if self.clusters == 1 else f"all {self.clusters} cases alike"
            return f"{self.mean:.3f} ({told}: no interval)"
        error = "" if self.stderr is None else f" ± {self.stderr:.3f}"
        return f"{self.mean:.3f}{error} (95 % {self.low:.3f} to {self.high:.3f}, {self.clusters} cases)"


def estimate(by_case: Mapping[str, Sequence[float]], level: float = LEVEL) -> Estimate:
    """Estimate the mean of a score from its values over the repeats of each case.

    Where every case ran once and every value is 0 or 1 the interval is Wilson's (1927), else Student's with as many
    degrees of freedom as there are cases less one, inside 0 and 1 where all values are. Cases that are all alike have
    no spread to go by, which is no certainty: where they pass or fail Wilson's counts each as one run, elsewhere there
    is no interval.

    Raises:
        StatisticsUnavailable: SciPy is not installed.

    Example:
        >>> found = estimate({"a": [1.0], "b": [1.0], "c": [0.0], "d": [1.0]})
        >>> f"{found.mean:.2f}, {found.low:.3f} to {found.high:.3f}, {found.method}"
        '0.75, 0.301 to 0.954, wilson'
    """
    groups = [list(values) for values in by_case.values() if values]
    values = [value for group in groups for value in group]
    if not values:
        return Estimate(None, None, None, None, 0, 0, "none")
    mean = math.fsum(values) / len(values)
    error = clustered_stderr(groups)
    counts = len(values), len(groups)
    if len(groups) < 2:
        return Estimate(mean, None, None, None, *counts, "none")
    if set(values) <= {0.0, 1.0} and (len(values) == len(groups) or _are_alike(groups)):
        low, high = _wilson_over(len(groups), mean, level)
        return Estimate(mean, error, low, high, *counts, "wilson")
    if _are_alike(groups):
        return Estimate(mean, error, None, None, *counts, "none")
    reach = scipy("stats").t.ppf((1 + level) / 2, len(groups) - 1) * error
    low, high = mean - reach, mean + reach
    if all(0 <= value <= 1 for value in values):
        low, high = max(0.0, low), min(1.0, high)
    return Estimate(mean, error, float(low), float(high), *counts, "t")


def _are_alike(groups: Sequence[Sequence[float]]) -> bool:
    return len({math.fsum(group) / len(group) for group in groups}) == 1


def _wilson_over(cases: int, mean: float, level: float) -> tuple[float, float]:
    """Return Wilson's interval of a share of cases; one that is no whole number of them lies between two."""
    passed = round(mean * cases, 9)
    return wilson(math.floor(passed), cases, level)[0], wilson(math.ceil(passed), cases, level)[1]


def clustered_stderr(groups: Sequence[Sequence[float]]) -> float:
    """Return the standard error of the mean over all values, where values of one group belong together.

    The sandwich estimator with the correction for few clusters (Miller 2024, section 2.2); of groups of one value it
    is the usual standard error.

    Example:
        >>> round(clustered_stderr([[0.0], [0.5], [1.0]]), 4)
        0.2887
    """
    values = [value for group in groups for value in group]
    clusters = len(groups)
    if clusters < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    squares = math.fsum(math.fsum(value - mean for value in group) ** 2 for group in groups)
    return math.sqrt(squares * clusters / (clusters - 1)) / len(values)


def wilson(passed: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's interval for a share.

    Raises:
        StatisticsUnavailable: SciPy is not installed.

    Example:
        >>> low, high = wilson(81, 263)
        >>> round(low, 4), round(high, 4)
        (0.2553, 0.3662)
    """
    interval = scipy("stats").binomtest(passed, count).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def pass_at(k: int, values: Sequence[float], passing: float = 1.0) -> float | None:
    """Return the chance that at least one of `k` runs of a case passes, without bias (Chen et al. 2021).

    Example:
        >>> pass_at(2, [1.0, 0.0, 0.0, 1.0])
        0.8333333333333334
    """
    count, passed = _counted(k, values, passing)
    every = math.comb(count, k)
    return None if count < k else (every - math.comb(count - passed, k)) / every


def pass_hat(k: int, values: Sequence[float], passing: float = 1.0) -> float | None:
    """Return the chance that all of `k` runs of a case pass, without bias: pass^k (Yao et al. 2024).

    Example:
        >>> pass_hat(2, [1.0, 0.0, 0.0, 1.0])
        0.16666666666666666
    """
    count, passed = _counted(k, values, passing)
    return None if count < k else math.comb(passed, k) / math.comb(count, k)


def over_cases(
    k: int, by_case: Mapping[str, Sequence[float]], kind: Literal["pass_at", "pass_hat"], passing: float = 1.0
) -> Estimate:
    """Estimate pass@k or pass^k over cases; cases with fewer than `k` runs say nothing."""
    chance = {"pass_at": pass_at, "pass_hat": pass_hat}[kind]
    found = {case: chance(k, values, passing) for case, values in by_case.items()}
    return estimate({case: [] if value is None else [value] for case, value in found.items()})


def krippendorff_alpha(
    units: Sequence[Sequence[Hashable | None]],
    level: Literal["nominal", "ordinal", "interval", "ratio"] = "nominal",
) -> float | None:
    """Return how far raters agree beyond chance: 1 is wholly, 0 as by chance (Krippendorff 2011).

    Args:
        units: for each thing that was rated what each rater said; nothing where one said nothing.
        level: how the values compare; text has a nominal or, in the order of appearance, an ordinal level.

    Raises:
        StatisticsUnavailable: the libraries are not installed.

    Example:
        >>> round(krippendorff_alpha([[1, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 1]]), 4)
        0.6857
    """
    rated = [unit for unit in units if sum(value is not None for value in unit) > 1]
    values = list(dict.fromkeys(value for unit in rated for value in unit if value is not None))
    if not values:
        return None
    if len(values) == 1:
        # Nobody could have disagreed, and nobody did.
        return 1.0
    codes: dict[Hashable, float] = {value: _code(value, index) for index, value in enumerate(values)}
    width = max(map(len, rated))
    table = [
        [math.nan if rater >= len(unit) or unit[rater] is None else codes[unit[rater]] for unit in rated]
        for rater in range(width)
    ]
    return float(_library("krippendorff").alpha(reliability_data=table, level_of_measurement=level))


def _code(value: Hashable, index: int) -> float:
    return float(value) if isinstance(value, int | float) else float(index)


def _counted(k: int, values: Sequence[float], passing: float) -> tuple[int, int]:
    if not is_whole_and_positive(k):
        raise SpecError(f"`k` is {k!r}", hint="give a whole number from 1")
    return len(values), sum(value >= passing for value in values)


def scipy(module: str) -> Any:
    """Return a module of SciPy, which is loaded on first use."""
    return _library(f"scipy.{module}")


def _library(name: str) -> Any:
    try:
        return cast("Any", import_module(name))
    except ModuleNotFoundError as error:
        library = name.partition(".")[0]
        hint = "pip install 'flowai-harness[evals]'"
        raise StatisticsUnavailable(f"statistics need `{library}`, which is not installed", hint=hint) from error
