"""What is expected of a run, and how well it did."""

from flowai.evals.alignment import Alignment, Pair, align
from flowai.evals.case import RawSampleOutput, TestCase, ToolCall, define_test_case
from flowai.evals.score import Score, ScoredSample, score_sample

__all__ = [
    "Alignment",
    "Pair",
    "RawSampleOutput",
    "Score",
    "ScoredSample",
    "TestCase",
    "ToolCall",
    "align",
    "define_test_case",
    "score_sample",
]
