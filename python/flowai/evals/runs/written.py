"""Samples as lines of a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowai.evals.case import RawSampleOutput, TestCase
from flowai.evals.marks import plain, told
from flowai.evals.runs.sample import Cause, Sample
from flowai.evals.score import Score, ScoredSample
from flowai.evals.scorer import ADDRESS
from flowai.evals.toolcall import ToolCall

if TYPE_CHECKING:
    from collections.abc import Sequence

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def sample_json(sample: Sample, digest: str) -> dict[str, Any]:
    """Return one sample in JSON types."""
    return {
        "type": "sample",
        "case": sample.case_id,
        "repeat": sample.repeat,
        "digest": digest,
        "tags": sample.tags,
        "run_id": sample.run_id,
        "aggregate": sample.aggregate,
        "scores": [] if sample.scored is None else [_score_json(each) for each in sample.scored.scores],
        "error": None
        if sample.error is None
        else {"kind": sample.error.kind, "message": sample.error.message, "hint": sample.error.hint},
        "output": None if sample.output is None else output_json(sample.output),
    }


def sample_of(written: Mapping[str, Any], events: Sequence[Mapping[str, Any]] | None = None) -> Sample:
    """Read what `sample_json` wrote."""
    error = written["error"]
    scores = tuple(_score_of(each) for each in written["scores"])
    output = written["output"]
    return Sample(
        case_id=written["case"],
        repeat=written["repeat"],
        scored=None if error else ScoredSample(written["case"], written["aggregate"], scores),
        error=None if error is None else Cause(error["kind"], error["message"], error["hint"]),
        output=None if output is None else output_of_json(output, events),
        run_id=written["run_id"],
        tags=tuple(written["tags"]),
    )


def output_json(output: RawSampleOutput) -> dict[str, Any]:
    """Return what a run did in JSON types, without its events."""
    return {
        "trajectory": None if output.steps is None else [step_json(step) for step in output.steps],
        "actions": None if output.actual_actions is None else list(output.actual_actions),
        "response": output.actual_response,
    }


def output_of_json(written: Mapping[str, Any], events: Sequence[Mapping[str, Any]] | None) -> RawSampleOutput:
    """Read what `output_json` wrote."""
    steps = written["trajectory"]
    return RawSampleOutput(
        None if steps is None else [ToolCall(**step) for step in steps],
        written["actions"],
        written["response"],
        events,
    )


def step_json(step: ToolCall) -> dict[str, Any]:
    """Return one step in JSON types."""
    arguments = None if step.arguments is None else plain(step.arguments)
    return {"name": step.name, "arguments": arguments, **({"failed": True} if step.failed else {})}


def digest_of(case: TestCase, folder: Path | None = None) -> str:
    """Return what tells whether a case changed since it was run; its recording is read from the folder it is named in.

    Example:
        >>> from flowai.evals import define_test_case
        >>> digest_of(define_test_case("a", "x")) == digest_of(define_test_case("a", "y"))
        False
    """
    steps = case.expected_trajectory
    parts = [
        case.prompt,
        case.agent,
        case.recording,
        _content(case, folder),
        None if steps is None else [(step.name, told(step.arguments)) for step in steps],
        told(case.expected_actions),
        told(case.expected_response),
        case.before,
        told(case.metadata),
        repr(case.testing) if case.testing is None or " at 0x" not in repr(case.testing) else "scripted",
    ]
    return hashlib.blake2b(ADDRESS.sub("", dumps(parts)).encode(), digest_size=8).hexdigest()


def _content(case: TestCase, folder: Path | None) -> str | None:
    path = None if case.recording is None else (folder or Path()) / case.recording
    # One that is not there fails when it is run, with its cause.
    return None if path is None or not path.is_file() else hashlib.blake2b(path.read_bytes()).hexdigest()


def _score_json(score: Score) -> dict[str, Any]:
    return {
        "name": score.name,
        "value": score.value,
        "weight": score.weight,
        "reason": score.reason,
        **({"gate": True} if score.is_gate else {}),
        **({"votes": score.votes} if score.votes else {}),
    }


def _score_of(written: Mapping[str, Any]) -> Score:
    return Score(
        written["name"],
        written["value"],
        written["weight"],
        written["reason"],
        is_gate=written.get("gate", False),
        votes=tuple(written.get("votes", ())),
    )
