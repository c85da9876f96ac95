"""What is expected of a run, how well it did, and what that shows."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowai.evals.agreement import Agreement, agrees_with, judges_agree
    from flowai.evals.alignment import Alignment, Pair, align
    from flowai.evals.case import RawSampleOutput, TestCase, define_test_case
    from flowai.evals.cassette import Cassette
    from flowai.evals.comparison import CaseChange, Comparison, compare
    from flowai.evals.compatibility import MODES, score_like
    from flowai.evals.datasets.dataset import Dataset, load_dataset
    from flowai.evals.datasets.row import json_schema
    from flowai.evals.forked import fork
    from flowai.evals.from_run import CaseFromRun, case_from_run
    from flowai.evals.gates import Finished, Gate, MaxModelCalls, MaxToolCalls, NoWriteWithoutDecision
    from flowai.evals.judge import Judge, Prefers
    from flowai.evals.marks import Anything, Near, OneOf, Where
    from flowai.evals.mutation import Mutation, mutations
    from flowai.evals.presets import PRESETS, describe_presets
    from flowai.evals.recording_file import load_recording, save_recording
    from flowai.evals.runs.observed import output_of, output_of_events
    from flowai.evals.runs.rescoring import rescore
    from flowai.evals.runs.results import EvalResults, load_results
    from flowai.evals.runs.run_eval import arun_eval, run_eval
    from flowai.evals.runs.sample import Cause, Sample
    from flowai.evals.score import Score, ScoredSample, score_sample
    from flowai.evals.scorer import Scorer
    from flowai.evals.statistics import (
        Estimate,
        StatisticsUnavailable,
        clustered_stderr,
        estimate,
        krippendorff_alpha,
        over_cases,
        pass_at,
        pass_hat,
        wilson,
    )
    from flowai.evals.toolcall import ToolCall
    from flowai.evals.trajectory import Actions, Trajectory
    from flowai.evals.values import ExactMatch, JsonMatch, ListMatch, NumberMatch, TableMatch, TextMatch
    from flowai.evals.verdict import Preference, Verdict

__all__ = [
    "MODES",
    "PRESETS",
    "Actions",
    "Agreement",
    "Alignment",
    "Anything",
    "CaseChange",
    "CaseFromRun",
    "Cassette",
    "Cause",
    "Comparison",
    "Dataset",
    "Estimate",
    "EvalResults",
    "ExactMatch",
    "Finished",
    "Gate",
    "JsonMatch",
    "Judge",
    "ListMatch",
    "MaxModelCalls",
    "MaxToolCalls",
    "Mutation",
    "Near",
    "NoWriteWithoutDecision",
    "NumberMatch",
    "OneOf",
    "Pair",
    "Preference",
    "Prefers",
    "RawSampleOutput",
    "Sample",
    "Score",
    "ScoredSample",
    "Scorer",
    "StatisticsUnavailable",
    "TableMatch",
    "TestCase",
    "TextMatch",
    "ToolCall",
    "Trajectory",
    "Verdict",
    "Where",
    "agrees_with",
    "align",
    "arun_eval",
    "case_from_run",
    "clustered_stderr",
    "compare",
    "define_test_case",
    "describe_presets",
    "estimate",
    "fork",
    "json_schema",
    "judges_agree",
    "krippendorff_alpha",
    "load_dataset",
    "load_recording",
    "load_results",
    "mutations",
    "output_of",
    "output_of_events",
    "over_cases",
    "pass_at",
    "pass_hat",
    "rescore",
    "run_eval",
    "save_recording",
    "score_like",
    "score_sample",
    "wilson",
]

_HOME = {
    "Actions": "flowai.evals.trajectory",
    "Agreement": "flowai.evals.agreement",
    "Alignment": "flowai.evals.alignment",
    "Anything": "flowai.evals.marks",
    "CaseChange": "flowai.evals.comparison",
    "CaseFromRun": "flowai.evals.from_run",
    "Cassette": "flowai.evals.cassette",
    "Cause": "flowai.evals.runs.sample",
    "Comparison": "flowai.evals.comparison",
    "Dataset": "flowai.evals.datasets.dataset",
    "Estimate": "flowai.evals.statistics",
    "EvalResults": "flowai.evals.runs.results",
    "ExactMatch": "flowai.evals.values",
    "Finished": "flowai.evals.gates",
    "Gate": "flowai.evals.gates",
    "JsonMatch": "flowai.evals.values",
    "Judge": "flowai.evals.judge",
    "ListMatch": "flowai.evals.values",
    "MODES": "flowai.evals.compatibility",
    "MaxModelCalls": "flowai.evals.gates",
    "MaxToolCalls": "flowai.evals.gates",
    "Mutation": "flowai.evals.mutation",
    "Near": "flowai.evals.marks",
    "NoWriteWithoutDecision": "flowai.evals.gates",
    "NumberMatch": "flowai.evals.values",
    "OneOf": "flowai.evals.marks",
    "PRESETS": "flowai.evals.presets",
    "Pair": "flowai.evals.alignment",
    "Preference": "flowai.evals.verdict",
    "Prefers": "flowai.evals.judge",
    "RawSampleOutput": "flowai.evals.case",
    "Sample": "flowai.evals.runs.sample",
    "Score": "flowai.evals.score",
    "ScoredSample": "flowai.evals.score",
    "Scorer": "flowai.evals.scorer",
    "StatisticsUnavailable": "flowai.evals.statistics",
    "TableMatch": "flowai.evals.values",
    "TestCase": "flowai.evals.case",
    "TextMatch": "flowai.evals.values",
    "ToolCall": "flowai.evals.toolcall",
    "Trajectory": "flowai.evals.trajectory",
    "Verdict": "flowai.evals.verdict",
    "Where": "flowai.evals.marks",
    "agrees_with": "flowai.evals.agreement",
    "align": "flowai.evals.alignment",
    "arun_eval": "flowai.evals.runs.run_eval",
    "case_from_run": "flowai.evals.from_run",
    "clustered_stderr": "flowai.evals.statistics",
    "compare": "flowai.evals.comparison",
    "define_test_case": "flowai.evals.case",
    "describe_presets": "flowai.evals.presets",
    "estimate": "flowai.evals.statistics",
    "fork": "flowai.evals.forked",
    "json_schema": "flowai.evals.datasets.row",
    "judges_agree": "flowai.evals.agreement",
    "krippendorff_alpha": "flowai.evals.statistics",
    "load_dataset": "flowai.evals.datasets.dataset",
    "load_recording": "flowai.evals.recording_file",
    "load_results": "flowai.evals.runs.results",
    "mutations": "flowai.evals.mutation",
    "output_of": "flowai.evals.runs.observed",
    "output_of_events": "flowai.evals.runs.observed",
    "over_cases": "flowai.evals.statistics",
    "pass_at": "flowai.evals.statistics",
    "pass_hat": "flowai.evals.statistics",
    "rescore": "flowai.evals.runs.rescoring",
    "run_eval": "flowai.evals.runs.run_eval",
    "save_recording": "flowai.evals.recording_file",
    "score_like": "flowai.evals.compatibility",
    "score_sample": "flowai.evals.score",
    "wilson": "flowai.evals.statistics",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, once."""
    if name not in _HOME:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    found = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name everything public."""
    return list(__all__)
