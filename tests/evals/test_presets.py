"""Presets, weights and gates."""

from typing import Any

import pytest

from flowai.errors import SpecError
from flowai.evals import (
    PRESETS,
    ExactMatch,
    Finished,
    Gate,
    JsonMatch,
    NoWriteWithoutDecision,
    NumberMatch,
    RawSampleOutput,
    TableMatch,
    Trajectory,
    define_test_case,
    score_sample,
)

CASE = define_test_case(
    "c",
    "Order",
    expected_trajectory=["find", "order"],
    expected_actions=[{"kind": "order", "sku": "A"}],
    expected_response="ordered",
)
WRITE = {"type": "tool_called", "tool": "order", "access": "write_once"}
APPROVED = {"type": "approval_resolved", "decision": "approved"}


def good(events: list[dict[str, Any]]) -> RawSampleOutput:
    return RawSampleOutput(["find", "order"], [{"kind": "order", "sku": "A", "units": 1}], "ordered", events)


@pytest.mark.parametrize("preset", ["trajectory_only", "planner", "executor", "specialist"])
def test_a_good_run_scores_all_under_every_preset(preset: str) -> None:
    found = score_sample(CASE, good([APPROVED, WRITE]), scorer_preset=preset)
    assert found.aggregate == (1.0 if preset != "executor" else pytest.approx(2.5 / 3))


@pytest.mark.parametrize("preset", ["planner", "executor"])
def test_a_write_that_nobody_decided_on_is_worth_nothing(preset: str) -> None:
    found = score_sample(CASE, good([WRITE, APPROVED]), scorer_preset=preset)
    assert found.aggregate == 0
    assert [gate.reason for gate in found.failed_gates] == ["`order` wrote without a decision"]
    assert "no_write_without_decision gate 0.000" in str(found)


def test_weights_are_those_of_the_scorers() -> None:
    scorers = [Trajectory(order="any") * 3, ExactMatch()]
    output = RawSampleOutput(["order", "find"], actual_response="no")
    assert score_sample(CASE, output, scorers=scorers).aggregate == 0.75


def test_what_is_missing_counts_for_nothing() -> None:
    found = score_sample(CASE, RawSampleOutput(["find", "order"]), scorer_preset="planner")
    assert found.aggregate == 1
    assert [score.reason for score in found.scores if score.value is None] == [
        "missing: the output has no actions",
        "missing: the output has no events",
    ]
    assert score_sample(CASE, RawSampleOutput(), scorer_preset="planner").aggregate is None


def test_gates_alone_are_open_or_shut() -> None:
    events = [{"type": "run_failed", "error": {"kind": "ToolFailed", "message": "no stock"}}]
    assert score_sample(CASE, RawSampleOutput(events=[WRITE]), scorers=[Gate(Finished())]).aggregate == 1
    assert score_sample(CASE, RawSampleOutput(events=events), scorers=[Gate(Finished())]).aggregate == 0


def test_every_preset_is_made_of_scorers() -> None:
    assert set(PRESETS) == {"trajectory_only", "planner", "executor", "specialist", "strict"}
    assert isinstance(PRESETS["planner"][-1], NoWriteWithoutDecision)


@pytest.mark.parametrize("factor", [0, -1, True])
def test_a_weight_is_above_nothing(factor: float) -> None:
    with pytest.raises(SpecError, match="cannot be weighed"):
        _ = Trajectory() * factor


def test_tables_say_where_they_differ() -> None:
    expected = [{"sku": "A", "units": 3}, {"sku": "B", "units": 4}]
    table = TableMatch(absolute=0.01)
    assert table.likeness(expected, [{"sku": "B", "units": 4.001}, {"sku": "A", "units": 3}]) == 1
    told = [
        TableMatch(**settings).compared(expected, actual).reason
        for settings, actual in (
            ({}, expected[:1]),
            ({}, [{"sku": "A"}, {"sku": "B"}]),
            ({"row_order": True}, expected[::-1]),
            ({"column_order": True}, [{"units": 3, "sku": "A"}, expected[1]]),
            ({}, [expected[0], {"sku": "B", "units": 5}]),
            ({}, "no table"),
        )
    ]
    assert told == [
        "1 rows where 2 are expected",
        "the column `units` is missing",
        'row 1 differs: {"sku":"B","units":4} where {"sku":"A","units":3} is expected',
        "the columns are others, or in another order",
        'the row {"sku":"B","units":4} is missing',
        "the actual value is no table",
    ]


def test_answers_may_be_models_texts_and_numbers() -> None:
    assert NumberMatch(relative=0.1).likeness("10", 10.5) == 1
    assert NumberMatch().likeness("ten", 10) == 0
    assert JsonMatch().likeness({"a": [1, 2]}, '{"a": [1, 2]}') == 1
