"""Cases, alignments and scores."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowai.errors import SpecError
from flowai.evals import ExactMatch, RawSampleOutput, ToolCall, align, define_test_case, score_sample

trajectories = st.lists(st.sampled_from("abcd"), max_size=7)


def score(expected: list[Any] | None, actual: list[Any] | None) -> float | None:
    case = define_test_case("case", "prompt", expected_trajectory=expected)
    return score_sample(case, RawSampleOutput(actual_trajectory=actual), scorer_preset="trajectory_only").aggregate


@pytest.mark.parametrize(
    ("expected", "actual", "value"),
    [
        (["buildPlan", "explainPlan"], ["buildPlan", "explainPlan"], 1.0),
        ([], [], 1.0),
        (["a"], [], 0.0),
        ([], ["a"], 0.0),
        (["a", "b"], ["b", "a"], 0.5),
        (["a", "b"], ["a"], pytest.approx(2 / 3)),
        (["a"], ["a", "a"], pytest.approx(2 / 3)),
        ([ToolCall("book", {"id": 1})], [ToolCall("book", {"id": 1})], 1.0),
        ([ToolCall("book", {"id": 1})], [ToolCall("book", {"id": 2})], 0.5),
        ([ToolCall("book", {"id": 1})], ["book"], 0.5),
        (["book"], [ToolCall("book", {"id": 1})], 1.0),
        (None, ["a"], None),
        (["a"], None, None),
    ],
)
def test_a_trajectory_is_scored_by_its_alignment(expected: Any, actual: Any, value: Any) -> None:
    assert score(expected, actual) == value


@given(trajectories, trajectories)
def test_a_score_is_between_nothing_and_all(expected: list[str], actual: list[str]) -> None:
    value = score(expected, actual)
    assert value is not None
    assert 0 <= value <= 1
    assert (value == 1) == (expected == actual)


@given(trajectories, trajectories)
def test_an_alignment_keeps_both_sides_in_order(expected: list[str], actual: list[str]) -> None:
    lined = align([ToolCall(each) for each in expected], [ToolCall(each) for each in actual])
    assert [pair.expected.name for pair in lined.pairs if pair.expected] == expected
    assert [pair.actual.name for pair in lined.pairs if pair.actual] == actual


def test_the_heavier_match_wins_over_the_first() -> None:
    wanted, other = ToolCall("book", {"id": 1}), ToolCall("book", {"id": 2})
    assert align([wanted], [other, wanted]).weight == 1


def test_a_scored_sample_prints_both_columns() -> None:
    case = define_test_case("basic", "p", expected_trajectory=["find", ToolCall("book", {"id": 1}), "explain"])
    output = RawSampleOutput(actual_trajectory=["find", ToolCall("book", {"id": 2}), "pay"])
    assert str(score_sample(case, output)).splitlines() == [
        "basic: 0.500",
        "  trajectory 0.500 1 matched, 1 with other arguments, 1 missing, 1 extra",
        "  expected    actual",
        "= find        find",
        "~ book(id=1)  book(id=2)",
        "- explain",
        "+             pay",
    ]


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(SpecError, match="unknown scorer preset `planer`") as caught:
        score_sample(define_test_case("c", "p"), RawSampleOutput(), scorer_preset="planer")
    assert "did you mean `planner`" in str(caught.value.hint)


@pytest.mark.parametrize("written", ["buildPlan", [3], 7])
def test_what_is_no_trajectory_is_refused(written: Any) -> None:
    with pytest.raises(SpecError):
        define_test_case("c", "p", expected_trajectory=written)
    with pytest.raises(SpecError):
        RawSampleOutput(actual_trajectory=written)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"prompt": 5}, "`prompt` is 5"),
        ({"tags": "slow"}, "`tags` is one text"),
        ({"expected_actions": ["order"]}, "`'order'` is no action"),
        ({"expected_actions": "order"}, "`'order'` is no action"),
        ({"expected_trajectory": ["a", "b", "c"], "before": [(0, 1), (1, 2), (2, 0)]}, "`before` goes round"),
        ({"expected_trajectory": ["a", "b"], "before": [(0, 1, 1)]}, "`before` has (0, 1, 1)"),
        ({"expected_trajectory": ["a", "b"], "before": ["ab"]}, "`before` has 'ab'"),
    ],
)
def test_a_case_that_cannot_be_meant_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError) as caught:
        cast("Any", define_test_case)("a", **{"prompt": "x", **settings})
    assert said in str(caught.value)
    assert caught.value.faults[0].hint


@pytest.mark.parametrize(
    ("expected", "actual", "value"),
    [(1, 1.0, 1), (1, True, 0), ({"a": [1, 2]}, {"a": (1.0, 2)}, 1), ([True], [1], 0), (["a"], ["a", "b"], 0)],
)
def test_an_exact_match_is_one_of_json(expected: Any, actual: Any, value: float) -> None:
    assert ExactMatch().likeness(expected, actual) == value


def test_columns_line_up_where_letters_are_wide_or_have_no_width() -> None:
    lines = str(align([ToolCall("查找"), ToolCall("e\u0301te")], [ToolCall("查找"), ToolCall("b")])).splitlines()
    assert lines[1:] == ["= 查找      查找", "- e\u0301te", "+           b"]
