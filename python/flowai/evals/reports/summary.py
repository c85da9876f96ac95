"""The results of an evaluation as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowai.evals.statistics import Estimate, StatisticsUnavailable, estimate, over_cases

if TYPE_CHECKING:
    from flowai.evals.runs.results import EvalResults

WORST = 5


def summary(results: EvalResults, passing: float = 1.0) -> str:
    """Return each score with its interval, passes over repeats, the worst samples and the errors."""
    try:
        lines = [*_scores(results), *_passes(results, passing)]
    except StatisticsUnavailable as error:
        lines = [str(results), f"no intervals: {error.message} ({error.hint})"]
    return "\n".join([*lines, *_worst(results, passing), *_errors(results)])


def _scores(results: EvalResults) -> list[str]:
    count, errors = len(results), len(results.errors)
    lines = [f"{results.dataset}: {count} samples of {len(results.by_case())} cases, {errors} errors"]
    for name in results.score_names:
        missing = count - errors - len(results.values(name))
        told = f", {missing} missing" if missing else ""
        lines.append(f"  {name:<26} {estimate(results.by_case(name))}{told}")
    return lines


def _passes(results: EvalResults, passing: float) -> list[str]:
    by_case = results.by_case()
    passed = {case: [float(value >= passing) for value in values] for case, values in by_case.items()}
    lines = [f"  {'pass':<26} {estimate(passed)}"]
    repeats = max(map(len, by_case.values()), default=0)
    if repeats > 1:
        pairs: list[tuple[str, Estimate]] = [
            (f"pass@{repeats}", over_cases(repeats, by_case, "pass_at", passing)),
            (f"pass^{repeats}", over_cases(repeats, by_case, "pass_hat", passing)),
        ]
        lines += [f"  {name:<26} {found}" for name, found in pairs]
    return lines


def _worst(results: EvalResults, passing: float) -> list[str]:
    low = [sample for sample in results if sample.aggregate is not None and sample.aggregate < passing]
    low.sort(key=lambda sample: (sample.aggregate or 0.0, sample.case_id))
    if not low:
        return []
    shown = "\n".join(str(sample) for sample in low[:WORST])
    return [f"the worst of {len(low)} below {passing:g}:", *(f"  {line}" for line in shown.splitlines())]


def _errors(results: EvalResults) -> list[str]:
    if not results.errors:
        return []
    return ["errors:", *(f"  {sample.case_id}#{sample.repeat}: {sample.error}" for sample in results.errors)]
