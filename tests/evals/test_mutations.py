"""What a case would catch of its own run, spoilt: what is tried is what the case can tell apart."""

from pathlib import Path
from typing import Any

import pytest

from flowai.evals import (
    Anything,
    RawSampleOutput,
    ToolCall,
    Trajectory,
    case_from_run,
    define_test_case,
    load_dataset,
    mutations,
)
from flowai.interpreters import Eval, Test
from flowai_harness import Says
from tests.evals import shop


def told(expected: list[Any], actual: list[Any], **settings: Any) -> dict[str, bool | None]:
    case = define_test_case("c", "p", expected_trajectory=expected)
    return {each.name: each.is_caught for each in mutations(case, RawSampleOutput(actual), [Trajectory(**settings)])}


def test_the_changed_argument_is_the_first_that_is_not_marked() -> None:
    marked = ToolCall("find", {"id": Anything(), "at": [{"$any": True}]})
    known = ToolCall("place", {"units": 3})
    actual = [ToolCall("find", {"id": "x", "at": ["now"]}), ToolCall("place", {"units": 3})]
    assert told([marked, known], actual)["a changed argument"] is True


def test_where_every_argument_is_marked_none_is_caught() -> None:
    assert told([ToolCall("find", {"id": Anything()})], [ToolCall("find", {"id": "x"})])["a changed argument"] is False


@pytest.mark.parametrize("number", [3, -1, 1e20, 0, -0.5])
def test_a_changed_number_is_another_one_for_any_tolerance(number: float) -> None:
    call = ToolCall("pay", {"sum": number})
    assert told([call], [call], relative=0.01)["a changed argument"] is True


def test_what_is_reordered_are_calls_that_the_case_tells_apart() -> None:
    expected = [ToolCall("find", {"id": Anything()}), ToolCall("find", {"id": Anything()}), ToolCall("place")]
    actual = [ToolCall("find", {"id": 1}), ToolCall("find", {"id": 2}), ToolCall("place", {})]
    assert told(expected, actual)["reordered calls"] is True


@pytest.mark.parametrize(
    ("said", "expected"),
    [("ordered 3", "ordered 3"), ("ordered at 2026-07-01T10:00:00Z", {"$any": True})],
)
def test_an_answer_that_holds_a_time_is_marked_and_not_left_out(said: str, expected: Any, tmp_path: Path) -> None:
    runtime = shop.runtime()
    run = runtime.under(Eval(Test(script=[Says(said)]))).blocking.run_specialist("clerk", "Order")
    made = case_from_run(run, runtime, out=tmp_path / "case.json")
    assert made.passes
    assert made.volatile == (0 if expected == said else 1)
    assert load_dataset(made.path).cases[0].expected_response == expected
