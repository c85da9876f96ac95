"""Marks stand for values wherever values are expected: in arguments, at any depth, and in responses."""

from typing import Any

import pytest

from flowai.evals import (
    Anything,
    ExactMatch,
    JsonMatch,
    ListMatch,
    Near,
    NumberMatch,
    OneOf,
    RawSampleOutput,
    Scorer,
    TableMatch,
    TextMatch,
    ToolCall,
    Trajectory,
    Where,
    define_test_case,
    score_sample,
)


def is_large(value: Any) -> bool:
    return bool(value > 3)


def response(scorer: Scorer, expected: Any, actual: Any) -> float | None:
    case = define_test_case("c", "p", expected_response=expected)
    return score_sample(case, RawSampleOutput(actual_response=actual), scorers=[scorer]).aggregate


ROWS = [{"id": "x1", "units": 3}, {"id": "x2", "units": 9.5}]
MARKED = [{"id": Anything(), "units": Near(9, within=1)}, {"id": Anything(), "units": 3}]


@pytest.mark.parametrize(
    ("scorer", "expected", "actual", "value"),
    [
        *[
            (scorer, Anything(), actual, 1)
            for scorer in (ExactMatch(), TextMatch(), JsonMatch())
            for actual in (3, "x")
        ],
        (ExactMatch(), {"$any": True}, "x", 1),
        (ExactMatch(), {"id": Anything(), "n": [1, Where(is_large)]}, {"id": "x", "n": [1, 4]}, 1),
        (ExactMatch(), {"id": Anything()}, {"id": None}, 1),
        (ExactMatch(), {"id": Anything()}, {}, 0),
        (ExactMatch(), Near(3, within=0.5), 3.4, 1),
        (ExactMatch(), Near(3, within=0.5), True, 0),
        (ExactMatch(), Where(is_large), "text", 0),
        (ExactMatch(), OneOf("a", Where(is_large)), 4, 1),
        (NumberMatch(), Near(3, within=0.5), "3.4", 1),
        (NumberMatch(absolute=0.1), OneOf(1, 2), 2.05, 1),
        (TextMatch(), OneOf("kitten", "x"), "mitten", pytest.approx(5 / 6)),
        (TextMatch(), Near(3, within=1), "x", 0),
        (TextMatch(), {"a": Anything()}, {"a": 1}, 1),
        (JsonMatch(), {"id": Anything(), "units": 3}, '{"id": "x", "units": 3}', 1),
        (JsonMatch(), {"id": Anything(), "units": 3}, {"units": 3}, 0.5),
        (JsonMatch(absolute=0.1), {"units": OneOf(1, 2)}, {"units": 2.05}, 1),
        (JsonMatch(), [Near(3, within=1), 1], [9, 1], 0.5),
        (ListMatch(), [Anything(), "b"], ["b", "c"], 1),
        (ListMatch(), [Near(3, within=1), "b"], ["b"], 0.5),
        (TableMatch(), MARKED, ROWS, 1),
        (TableMatch(row_order=True), MARKED, ROWS, 0),
        (TableMatch(absolute=1), [[Anything(), 9]], [["x", 9.5]], 1),
        (TableMatch(), [{"id": Where(is_large)}], [{"id": "x"}], 0),
        (TableMatch(), Anything(), ROWS, 1),
    ],
)
def test_a_mark_stands_for_a_value_of_a_response(scorer: Scorer, expected: Any, actual: Any, value: Any) -> None:
    assert response(scorer, expected, actual) == value


def test_a_response_that_a_mark_refuses_is_shown_beside_it() -> None:
    case = define_test_case("c", "p", expected_response={"n": Where(is_large)})
    score = score_sample(case, RawSampleOutput(actual_response={"n": 1}), scorers=[ExactMatch()]).scores[0]
    assert score.reason == 'expected {"n": "a function"}, got {"n": 1}'


@pytest.mark.parametrize(
    ("expected", "actual", "value"),
    [
        ({"units": OneOf(1, Where(is_large))}, {"units": 4}, 1),
        ({"units": OneOf(1, Where(is_large))}, {"units": 3}, 0),
        ({"lines": [{"units": Where(is_large)}, 1]}, {"lines": [{"units": 4}, 1]}, 1),
        ({"lines": [{"units": Where(is_large)}, 1]}, {"lines": [{"units": 3}, 1]}, 0),
        ({"lines": [1, Where(is_large)]}, {"lines": [1]}, 0),
        ({"units": Where(is_large)}, {}, 0),
    ],
)
def test_a_function_may_be_anywhere_in_an_argument(expected: Any, actual: Any, value: float) -> None:
    case = define_test_case("c", "p", expected_trajectory=[ToolCall("place", expected)])
    output = RawSampleOutput([ToolCall("place", actual)])
    assert score_sample(case, output, scorers=[Trajectory(value="bool")]).aggregate == value


def is_more(expected: Any, actual: Any) -> bool:
    return bool(actual["units"] > expected["units"])


def test_a_function_that_raises_does_not_hold_and_says_why() -> None:
    case = define_test_case("c", "p", expected_trajectory=[ToolCall("place", {"units": Where(is_large)})])
    output = RawSampleOutput([ToolCall("place", {"units": "three"})])
    score = score_sample(case, output).scores[0]
    assert score.value == 0.5
    assert score.reason.startswith("1 with other arguments; `units` of `place`: the function raised TypeError: '>' not")
    case = define_test_case("c", "p", expected_trajectory=[ToolCall("place", {"units": 3})])
    score = score_sample(case, output, scorers=[Trajectory(predicates={"place": is_more})]).scores[0]
    assert "`place`: the function raised TypeError" in score.reason


def test_a_call_prints_its_marks_as_a_data_set_writes_them() -> None:
    call = ToolCall("place", {"sku": OneOf("a", "b"), "units": Where(is_large)})
    assert str(call) == 'place(sku={"$one_of": ["a", "b"]}, units="a function")'
