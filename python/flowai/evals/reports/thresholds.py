"""What an evaluation has to reach."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flowai.errors import SpecError
from flowai.specs.names import did_you_mean

if TYPE_CHECKING:
    from flowai.evals.runs.results import EvalResults


def missed(results: EvalResults, minimum: Mapping[str, float], passing: float = 1.0) -> list[str]:
    """Return a complaint for each threshold that is not reached, and one for errors.

    Args:
        results: what was measured.
        minimum: the least mean of a score by its name; `pass` is the share of samples that pass.
        passing: from which aggregate on a sample passes. A sample with an error does not.

    Raises:
        SpecError: no sample has such a score, or a threshold is no number.

    Example:
        >>> from flowai.evals import EvalResults, Sample, ScoredSample
        >>> results = EvalResults("d", [Sample("a", 1, ScoredSample("a", 0.5, ()))])
        >>> missed(results, {"aggregate": 0.9})
        ['`aggregate` is 0.500, and 0.900 is needed']
    """
    complaints: list[str] = []
    errors = len(results.errors)
    if errors:
        complaints.append(f"{errors} of {len(results)} samples have an error")
    for name, least in minimum.items():
        if not math.isfinite(least):
            raise SpecError(f"the threshold of `{name}` is {least}", hint="write a number, as `aggregate=0.9`")
        found = _share(results, passing) if name == "pass" else results.mean(name)
        if found is None and name not in results.score_names:
            raise SpecError(f"no sample has a score `{name}`", hint=did_you_mean(name, ["pass", *results.score_names]))
        if found is None or not found >= least:
            told = "missing" if found is None else f"{found:.3f}"
            complaints.append(f"`{name}` is {told}, and {least:.3f} is needed")
    return complaints


def _share(results: EvalResults, passing: float) -> float | None:
    passed = sum(value >= passing for value in results.values())
    return passed / len(results) if len(results) else None
