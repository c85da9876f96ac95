"""Execution: what an approved plan does, what stands still after a failure, what is recorded without a dispatcher."""

from typing import Any

import pytest

from flowai_harness import Approve, Calls, Reject, Says, TestingConfig
from tests.harness.scenario import (
    PLANNED,
    Played,
    Shop,
    announced,
    dispatcher,
    launched,
    play,
    price,
    script_of,
    set_price,
    stored,
)

THREE = (stored(price("a", 1), price("b", 2), launched("c")), Says("stored"))


def failing() -> Played:
    spec = announced(dispatched=dispatcher())
    return play(spec, TestingConfig(script=script_of(THREE)), ["approve"], shop=Shop(broken={"b"}))


def test_a_failing_action_stops_the_rest_and_fails_the_plan() -> None:
    played = failing()
    assert played.shop.done == ["a=1"]
    assert [(each.index, each.kind) for each in played.of("action_finished")] == [(0, "price_change")]
    [failed] = played.of("action_failed")
    assert (failed.index, failed.error.kind) == (1, "ToolFailed")
    assert played.steps()[-1] == "r1 EXECUTING → FAILED by runtime"


def told_to_the_executor(broken: str, *actions: Any) -> tuple[Any, Played]:
    """Return what `execute_plan` answered to the model when one product cannot be changed."""
    seen: list[Any] = []
    look = Calls("get_plan", plan_id=lambda so_far: seen.append(so_far.answer("execute_plan")))
    script = script_of((stored(*actions), Says("stored")), (Calls("execute_plan"), look, Says("x")))
    spec = announced(dispatched=dispatcher())
    played = play(spec, TestingConfig(script=script), ["approve"], shop=Shop(broken={broken}))
    return seen[0], played


def test_the_executor_is_told_what_ran_and_what_did_not_and_offered_the_undo() -> None:
    told, _ = told_to_the_executor("b", price("a", 1), price("b", 2), launched("c"))
    assert told["status"] == "FAILED"
    assert [each["status"] for each in told["actions"]] == ["done", "failed", "pending"]
    assert told["not_run"] == [2]
    assert [each["index"] for each in told["undo_offered"]] == [0]


def test_the_executor_is_not_told_what_the_tool_said() -> None:
    told, played = told_to_the_executor("b", price("a", 1), price("b", 2))
    assert "locked" not in str(told)
    assert "locked" in played.of("tool_failed")[0].error.message


def test_undo_is_offered_in_reverse_and_never_run() -> None:
    told, played = told_to_the_executor("c", price("a", 1), price("b", 2), price("c", 3))
    assert [each["index"] for each in told["undo_offered"]] == [1, 0]
    assert played.shop.done == ["a=1", "b=2"]


def test_a_failed_plan_is_not_executed_again() -> None:
    spec = announced(dispatched=dispatcher())
    executor = [Calls("execute_plan"), Calls("execute_plan"), Says("x")]
    played = play(spec, TestingConfig(script=script_of(THREE, executor)), ["approve"], shop=Shop(broken={"b"}))
    assert played.shop.done == ["a=1"]
    assert len(played.of("action_started")) == 2


def test_an_executed_plan_is_not_executed_again() -> None:
    spec = announced(dispatched=dispatcher())
    executor = [Calls("execute_plan"), Calls("execute_plan"), Says("x")]
    played = play(spec, TestingConfig(script=script_of(PLANNED, executor)), ["approve"])
    assert played.shop.done == ["red-1=9", "launch red-2"]


@pytest.mark.parametrize(("answer", "done"), [("approve", ["a=1", "b=2", "launch c"]), (Reject("no"), ["a=1", "b=2"])])
def test_an_action_whose_tool_always_asks_asks_again(answer: Any, done: list[str]) -> None:
    spec = announced(dispatched=dispatcher(asks_again=True))
    played = play(spec, TestingConfig(script=script_of(THREE)), ["approve", answer])
    assert [each.kind for each in played.asked] == ["plan", "tool"]
    assert played.shop.done == done
    assert played.steps()[-1].split(" by ")[0] == f"r1 EXECUTING → {'EXECUTED' if len(done) == 3 else 'FAILED'}"


def test_an_executor_may_have_to_ask_once_more() -> None:
    spec = announced(dispatched=dispatcher(), executor={"approval": {"plans": "always", "tools": "never"}})
    played = play(spec, TestingConfig(script=script_of(PLANNED)), ["approve", "approve"])
    assert len(played.asked) == 2
    assert played.shop.done == ["red-1=9", "launch red-2"]
    refused = play(spec, TestingConfig(script=script_of(PLANNED)), ["approve", "reject"])
    assert refused.shop.done == []


def test_an_action_edited_away_is_not_run() -> None:
    spec = announced(dispatched=dispatcher())
    played = play(spec, TestingConfig(script=script_of(THREE)), [Approve(actions=[0])])
    assert played.shop.done == ["a=1"]
    assert [each.index for each in played.of("action_skipped")] == [1, 2]


def opened(*writes: Calls, shop: Shop | None = None) -> Played:
    spec = announced(executor={"tools": [set_price]})
    executor = [Calls("execute_plan"), *writes, Says("done")]
    return play(spec, TestingConfig(script=script_of(PLANNED, executor)), ["approve"], shop=shop)


def test_without_a_dispatcher_the_plan_is_opened_and_its_calls_are_recorded() -> None:
    played = opened(Calls("set_price", product_id="red-1", price=9))
    assert played.shop.done == ["red-1=9"]
    assert played.steps()[-1] == "r1 EXECUTING → EXECUTED by runtime"


def test_without_a_dispatcher_a_failed_write_fails_the_plan() -> None:
    played = opened(Calls("set_price", product_id="red-1", price=9), shop=Shop(broken={"red-1"}))
    assert played.shop.done == []
    assert played.steps()[-1] == "r1 EXECUTING → FAILED by runtime"


def test_check_warns_that_nothing_binds_the_calls_to_the_actions() -> None:
    warned = [each for each in opened().runtime.warnings if "scenario_executor" in each.where]
    assert any("dispatcher" in f"{each.message} {each.hint}" for each in warned)
