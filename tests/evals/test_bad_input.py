"""What cannot be meant is refused with a hint, and what fails outside of a case comes as it is."""

from pathlib import Path
from typing import Any

import pytest

from flowai.errors import SpecError, StorageError
from flowai.evals import (
    ExactMatch,
    JsonMatch,
    RawSampleOutput,
    ToolCall,
    compare,
    define_test_case,
    fork,
    run_eval,
    score_sample,
)
from flowai.interpreters import Test
from tests.evals import shop


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (["order"], {}, "`'order'` is no test case"),
        ([shop.case()], {"concurrency": "8"}, "`concurrency` is '8'"),
        ([shop.case()], {"repeats": 1.5}, "`repeats` is 1.5"),
        ([shop.case()], {"repeats": True}, "`repeats` is True"),
        ([shop.case()], {"scorers": ["strict"]}, r"`scorers` is \['strict'\]"),
    ],
)
def test_an_evaluation_of_what_is_none_is_refused(given: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        run_eval(given, shop.spec, **options)
    assert caught.value.hint


def test_results_that_cannot_be_kept_are_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(StorageError, match="results cannot be kept"):
        run_eval([shop.case()], shop.spec, results=tmp_path / "file")


def test_what_a_progress_bar_raises_is_raised_and_no_group_of_it() -> None:
    def broken(*_: object) -> None:
        raise LookupError("no bar")

    with pytest.raises(LookupError, match="no bar"):
        run_eval([shop.case(), shop.case("two")], shop.spec, progress=broken)


def test_a_score_that_neither_has_is_no_comparison() -> None:
    found = run_eval([shop.case()], shop.spec)
    with pytest.raises(SpecError, match="neither evaluation has a score `trajektory`") as caught:
        compare(found, found, "trajektory")
    assert caught.value.hint == "did you mean `trajectory`?"


def test_a_case_that_has_an_error_now_is_told_as_one_that_lost_its_score() -> None:
    scored, failed = run_eval([shop.case()], shop.spec), run_eval([shop.case(decisions=())], shop.spec)
    assert str(compare(scored, failed)).splitlines()[1:] == ["no score any more in the second: order"]
    assert str(compare(failed, scored)).splitlines()[1:] == ["no score in the first: order"]
    other = run_eval([shop.case("other")], shop.spec)
    assert str(compare(scored, other)).splitlines()[1:] == ["only in the first: order", "only in the second: other"]


def test_a_fork_of_what_is_no_run_is_refused() -> None:
    stranger: Any = run_eval
    with pytest.raises(SpecError, match="is no run"):
        fork(stranger, shop.spec, Test(script=[]), at="0")


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "expected",
    [
        {"expected_trajectory": [ToolCall("find", nested(5_000))]},
        {"expected_actions": [nested(5_000)]},
        {"expected_response": nested(5_000)},
        {"metadata": nested(5_000)},
    ],
)
def test_what_is_nested_too_deep_to_be_compared_is_refused(expected: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=f"test case `a`: `{next(iter(expected))}` is nested too deep"):
        define_test_case("a", "x", **expected)


def test_an_answer_that_is_nested_too_deep_is_no_match() -> None:
    case = define_test_case("a", "x", expected_response={"a": 1})
    deep = RawSampleOutput(actual_response=nested(5_000))
    assert score_sample(case, deep, scorers=[ExactMatch()]).aggregate == 0
    brackets = RawSampleOutput(actual_response="[" * 100_000)
    assert score_sample(case, brackets, scorers=[JsonMatch()]).aggregate == pytest.approx(0, abs=0.01)
