"""The matcher and its settings, and the defects of other libraries with the right verdict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowai.errors import SpecError
from flowai.evals import (
    Anything,
    Near,
    OneOf,
    RawSampleOutput,
    ToolCall,
    Trajectory,
    Where,
    define_test_case,
    score_sample,
)

arguments = st.dictionaries(st.sampled_from("xy"), st.integers(0, 2), max_size=2)
trajectories = st.lists(st.builds(ToolCall, st.sampled_from("ab"), arguments), max_size=5)
orders = st.sampled_from(["sequence", "any", "partial"])
values = st.sampled_from(["bool", "precision", "recall", "f1", "lcs_f1", "edit"])


def value(expected: list[Any], actual: list[Any], before: Any = (), **settings: Any) -> float | None:
    case = define_test_case("case", "prompt", expected_trajectory=expected, before=before)
    return score_sample(case, RawSampleOutput(actual), scorers=[Trajectory(**settings)]).aggregate


def book(**arguments: Any) -> ToolCall:
    return ToolCall("book", arguments)


@given(trajectories, orders, values)
def test_a_trajectory_matches_itself_under_all_settings(steps: list[ToolCall], order: str, measure: str) -> None:
    assert value(list(steps), list(steps), order=order, value=measure) == 1


@given(trajectories, trajectories, orders, values)
def test_a_value_is_between_nothing_and_all(
    expected: list[ToolCall], actual: list[ToolCall], order: str, measure: str
) -> None:
    found = value(list(expected), list(actual), order=order, value=measure)
    assert found is not None
    assert 0 <= found <= 1


@given(trajectories, trajectories)
def test_any_order_is_never_worse_than_a_sequence(expected: list[ToolCall], actual: list[ToolCall]) -> None:
    in_order, in_any = (value(list(expected), list(actual), order=order) for order in ("sequence", "any"))
    assert in_order is not None
    assert in_any is not None
    assert in_any >= in_order - 1e-9


@given(trajectories, st.randoms(use_true_random=False))
def test_any_order_does_not_see_the_order(steps: list[ToolCall], draw: Any) -> None:
    shuffled = list(steps)
    draw.shuffle(shuffled)
    assert value(list(steps), shuffled, order="any", value="bool") == 1


# What other libraries get wrong


def test_a_loose_expectation_does_not_take_the_call_that_a_strict_one_needs() -> None:
    """Greedy matching gives the first call to the first expectation, and finds nothing for the second."""
    assert value([book(id=Anything()), book(id=1)], [book(id=1), book(id=2)], order="any", value="bool") == 1


def test_a_call_without_arguments_does_not_match_one_with_arguments() -> None:
    assert value([book()], [book(id=1)], value="bool") == 0
    assert value(["book"], [book(id=1)], value="bool") == 1


def test_equal_calls_match_equal_calls_one_to_one() -> None:
    assert value([book(id=1), book(id=1)], [book(id=1), book(id=1)], order="any") == 1
    assert value([book(id=1)], [book(id=1), book(id=1)], order="any", value="bool") == 0


def test_numbers_have_a_tolerance() -> None:
    assert value([book(price=9.99)], [book(price=9.990001)], value="bool") == 0
    assert value([book(price=9.99)], [book(price=9.990001)], value="bool", absolute=0.001) == 1
    assert value([book(price=1)], [book(price=1.0)], value="bool") == 1


def test_expected_and_actual_never_swap_roles() -> None:
    few, many = book(id=1), book(id=1, seat="4A")
    assert value([few], [many], value="bool", args="superset") == 1
    assert value([many], [few], value="bool", args="superset", missing="allow") == 0
    assert value([many, few], [few], value="bool", args="exact", missing="allow") == 1


def test_large_whole_numbers_are_not_rounded_together() -> None:
    assert value([book(id=2**53)], [book(id=2**53 + 1)], value="bool") == 0


# Settings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, 0.8),
        ({"extra": "allow"}, 1.0),
        ({"extra": ["log"]}, 1.0),
        ({"extra": ["find"]}, 0.8),
        ({"value": "precision"}, 2 / 3),
        ({"value": "recall"}, 1.0),
        ({"value": "bool"}, 0.0),
        ({"value": "bool", "extra": ["log"]}, 1.0),
        ({"value": "edit"}, 2 / 3),
    ],
)
def test_extra_calls_count_as_the_settings_say(settings: dict[str, Any], expected: float) -> None:
    assert value(["find", "plan"], ["find", "log", "plan"], **settings) == pytest.approx(expected)


def test_a_changed_call_is_one_edit() -> None:
    assert value(["a", "b", "c"], ["a", "x", "c"], value="edit") == pytest.approx(2 / 3)


def test_failed_calls_count_only_where_all_attempts_do() -> None:
    actual = [ToolCall("find", failed=True), ToolCall("find")]
    assert value(["find"], actual, value="bool") == 1
    assert value(["find"], actual, value="bool", count="all") == 0


def test_some_steps_may_have_an_order_and_others_none() -> None:
    steps = ["find", "plan", "log"]
    assert value(steps, ["log", "find", "plan"], before=[(0, 1)], order="partial", value="bool") == 1
    assert value(steps, ["log", "plan", "find"], before=[(0, 1)], order="partial", value="bool") == 0


@pytest.mark.parametrize(
    ("mark", "fits", "fails"),
    [
        (Anything(), "x", None),
        (OneOf("kg", "kilogram"), "kilogram", "lb"),
        (Near(9.99, within=0.01), 9.985, 9.9),
        (Where(lambda units: units % 2 == 0), 4, 3),
    ],
)
def test_a_mark_stands_for_a_value(mark: Any, fits: Any, fails: Any) -> None:
    assert value([book(it=mark)], [book(it=fits)], value="bool") == 1
    assert value([book(it=mark)], [ToolCall("book", {} if fails is None else {"it": fails})], value="bool") == 0


def has_same_id(expected: dict[str, Any], actual: dict[str, Any]) -> bool:
    return bool(expected["id"] == actual["id"])


def test_a_tool_may_have_a_rule_of_its_own() -> None:
    expected, actual = [book(id=1, at="now"), ToolCall("pay", {"sum": 1})], [book(id=1, at="then"), ToolCall("pay", {})]
    assert value(expected, actual, value="bool", tools={"book": {"ignore": ["at"]}, "pay": {"args": "ignore"}}) == 1
    assert value(expected, actual, value="bool", tools={"book": {"only": ["id"]}}) == 0
    assert value([book(id=1, limit=5)], [book(id=1)], value="bool", defaults={"book": {"limit": 5}}) == 1
    assert value(expected, actual, predicates={"book": has_same_id}, value="recall") == 0.75


def test_nested_paths_may_be_ignored() -> None:
    expected, actual = (book(filters=[{"sku": "A", "at": at}]) for at in (1, 2))
    assert value([expected], [actual], value="bool", ignore=["filters.*.at"]) == 1
    assert value([expected], [actual], value="bool", ignore=["filters.*.sku"]) == 0


@pytest.mark.parametrize("before", [[(0, 0)], [(0, 5)], [(-1, 0)]])
def test_an_order_of_steps_that_are_not_there_is_refused(before: Any) -> None:
    with pytest.raises(SpecError, match="the trajectory has 2 steps"):
        define_test_case("c", "p", expected_trajectory=["a", "b"], before=before)
