"""What a case would catch of its own run, spoilt: what is tried is what the case can tell apart."""

from typing import Any

import pytest

from flowai.evals import Anything, RawSampleOutput, ToolCall, Trajectory, define_test_case, mutations


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
