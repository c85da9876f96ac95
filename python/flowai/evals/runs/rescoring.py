"""Kept results scored anew: nothing is run, and no model is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flowai.evals.runs.results import EvalResults
from flowai.evals.runs.sample import Cause, score_with
from flowai.evals.score import taken_scorers

if TYPE_CHECKING:
    from flowai.evals.case import TestCase
    from flowai.evals.datasets.dataset import Dataset
    from flowai.evals.runs.sample import Sample
    from flowai.evals.scorer import Scorer
    from flowai.interpreters.interpreter import Interpreter


def rescore(
    results: EvalResults,
    dataset: Dataset | Sequence[TestCase],
    *,
    scorer_preset: str = "trajectory_only",
    scorers: Sequence[Scorer] | None = None,
    judge: Interpreter[Any] | None = None,
) -> EvalResults:
    """Score outputs that were kept, as when a case or a scorer was changed.

    Samples with an error keep it; a sample whose case is gone becomes one. Only scorers that are judges ask anybody.

    Raises:
        SpecError: there is no such preset, or `scorers` is no list of scorers.

    Example:
        >>> from flowai.evals import EvalResults, RawSampleOutput, Sample, ScoredSample, define_test_case
        >>> kept = Sample("a", 1, ScoredSample("a", 0.0, ()), output=RawSampleOutput(["find"]))
        >>> rescore(EvalResults("d", [kept]), [define_test_case("a", "x", expected_trajectory=["find"])]).mean()
        1.0
    """
    chosen = taken_scorers(scorers, scorer_preset)
    cases = {case.id: case for case in dataset}

    async def all_of() -> list[Sample]:
        return [await _rescored(sample, cases.get(sample.case_id), chosen, judge) for sample in results]

    told = {"scorers": [scorer.name for scorer in chosen], "settings": [scorer.settings_told for scorer in chosen]}
    header = {**results.header, **told}
    return EvalResults(results.dataset, asyncio.run(all_of()), header)


async def _rescored(
    sample: Sample, case: TestCase | None, scorers: tuple[Scorer, ...], judge: Interpreter[Any] | None
) -> Sample:
    if sample.error is not None or sample.output is None:
        return sample
    if case is None:
        gone = Cause("SpecError", f"the dataset has no case `{sample.case_id}` any more")
        return replace(sample, scored=None, error=gone)
    return replace(sample, scored=await score_with(scorers, case, sample.output, judge))
