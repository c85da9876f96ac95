"""Results that were cut off, hold odd letters or odd scores."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from flowai import CallModel, Do, Models, program
from flowai.errors import SpecError, StorageError
from flowai.evals import (
    Dataset,
    EvalResults,
    ExactMatch,
    OneOf,
    Sample,
    Score,
    ScoredSample,
    Scorer,
    TestCase,
    ToolCall,
    Where,
    case_from_run,
    define_test_case,
    load_recording,
    load_results,
    run_eval,
    save_recording,
)
from flowai.evals.reports.junit import save_junit
from flowai.evals.reports.thresholds import missed
from flowai.evals.runs.written import digest_of
from flowai.interpreters import Eval, Test
from flowai_harness import TestingConfig
from tests.evals import shop


@program
def greet(name: str) -> Do[Models, str]:
    return (yield from CallModel("any", prompt=name))


def saying(case_id: str, text: str) -> TestCase:
    return define_test_case(case_id, "x", expected_response=text, testing=TestingConfig(script=[text]))


def kept(folder: Path, *cases: TestCase) -> float | None:
    return run_eval(cases, greet, scorers=[ExactMatch()], results=folder).mean()


def test_a_text_may_hold_what_unicode_takes_for_the_end_of_a_line(tmp_path: Path) -> None:
    case = saying("a", "one\u2028two\x85three")
    assert kept(tmp_path / "out", case) == 1
    assert load_results(tmp_path / "out").mean() == kept(tmp_path / "out", case) == 1
    recording = Test(script=["one\u2028two"]).run(greet("x")).recording
    assert load_recording(save_recording(recording, tmp_path / "run.jsonl")) == recording


@pytest.mark.parametrize("name", ["events.jsonl", "results.jsonl"])
@pytest.mark.parametrize("left_out", range(2, 40, 3))
def test_a_line_that_was_cut_off_anywhere_is_no_part_of_the_next(tmp_path: Path, name: str, left_out: int) -> None:
    cases = saying("a", "é" * 9), saying("b", "é" * 9)
    kept(tmp_path, *cases)
    whole = (tmp_path / "results.jsonl").read_bytes()
    (tmp_path / "results.jsonl").write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    written = (tmp_path / name).read_bytes() if name == "events.jsonl" else whole
    (tmp_path / name).write_bytes(written[:-left_out])
    assert len(load_results(tmp_path)) == 1
    assert kept(tmp_path, *cases) == 1
    found = load_results(tmp_path)
    assert len(found) == 2
    assert all(sample.output is not None and sample.output.events for sample in found)


@pytest.mark.parametrize("line", ['{"type":"sample"}', "[1]", "{}", '{"type":"header","version":99}'])
def test_a_line_that_is_no_sample_is_said_to_be(tmp_path: Path, line: str) -> None:
    (tmp_path / "results.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(StorageError) as caught:
        load_results(tmp_path)
    assert caught.value.hint


class Odd(Scorer):
    given_back: Any = math.nan

    def score(self, case: Any, output: Any) -> Any:
        return type(self).given_back


@pytest.mark.parametrize("value", [0.5, None, Score("odd", math.nan), Score("odd", math.inf)])
def test_what_is_no_score_is_missing_and_spoils_no_mean(value: Any) -> None:
    odd = type("Odd", (Odd,), {"given_back": value})()
    found = run_eval([saying("a", "x")], greet, scorers=[odd, ExactMatch()])
    assert found.mean() == 1
    assert found.by_case("odd") == {"a": []}


def test_a_threshold_is_not_reached_by_what_is_no_number() -> None:
    results = EvalResults("d", [Sample("a", 1, ScoredSample("a", math.nan, ()))])
    assert missed(results, {"aggregate": 0.9}) == ["`aggregate` is nan, and 0.900 is needed"]
    with pytest.raises(SpecError, match="the threshold of `aggregate` is nan"):
        missed(results, {"aggregate": math.nan})


def test_a_report_can_be_read_whatever_a_dataset_is_called(tmp_path: Path) -> None:
    results = EvalResults("d\x01", [Sample("a\x02", 1, ScoredSample("a", None, ()))])
    save_junit(results, tmp_path / "report.xml")
    suite = ET.parse(tmp_path / "report.xml").getroot()[0]  # noqa: S314 — written a line above
    assert (suite.get("name"), suite.get("tests"), suite.get("skipped")) == ("d\ufffd", "1", "1")


@pytest.mark.parametrize("name", ["case.csv", "case"])
def test_a_case_of_a_run_is_written_only_to_what_can_be_read_again(tmp_path: Path, name: str) -> None:
    testing = TestingConfig(mock_response="hi")
    run = shop.runtime().under(Eval(Test.of(testing))).ask("clerk", "Say hi").wait()
    with pytest.raises(SpecError, match="a case cannot be written to"):
        case_from_run(run, shop.spec, out=tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_case_is_run_again_when_its_recording_or_what_else_is_known_of_it_changed(tmp_path: Path) -> None:
    def ran(**metadata: str) -> int:
        case = define_test_case("a", "x", recording="run.jsonl", metadata=metadata)
        done: list[Sample] = []

        def heard(_done: int, _all: int, sample: Sample) -> None:
            done.append(sample)

        dataset = Dataset("d", (case,), tmp_path)
        run_eval(dataset, greet, results=tmp_path / "out", progress=heard)
        return len(done)

    for said in ("one", "two"):
        save_recording(Test(script=[said]).run(greet("x")).recording, tmp_path / "run.jsonl")
        assert (ran(), ran()) == (1, 0)
    assert (ran(owner="Ana"), ran(owner="Ana")) == (1, 0)


def made() -> Callable[[Any], bool]:
    """Return a function that is another object each time."""
    return lambda value: bool(value)  # noqa: PLW0108 — `bool` itself is one object


def test_a_function_anywhere_in_a_case_leaves_its_digest_as_it_is() -> None:
    def digest(holds: Callable[[Any], bool]) -> str:
        expected = [ToolCall("find", {"lines": [OneOf(1, Where(holds))]})]
        return digest_of(define_test_case("a", "x", expected_trajectory=expected, metadata={"of": holds}))

    assert digest(made()) == digest(made())
