"""What models are shown of plans, actions and sub-agents: bounded, and without what only the operator should see."""

from __future__ import annotations

from typing import Any

from flowai_harness import ActionDispatcher, Calls, Says, TestingConfig, ToolContext
from tests.harness.scenario import (
    PLANNED,
    Played,
    PriceChange,
    PromotionLaunch,
    ScenarioPlan,
    Shop,
    announced,
    dispatcher,
    launched,
    play,
    price,
    scenario_plan,
    script_of,
    set_price,
    stored,
)

LONG = "x" * 300_000


def talkative(price_bytes: int = 16_384) -> ActionDispatcher[ScenarioPlan]:
    """Return tools of which one says a lot, and the other something that nobody should hear."""
    actions: ActionDispatcher[ScenarioPlan] = ActionDispatcher(scenario_plan)

    @actions.on(PriceChange, access="write_once", max_result_bytes=price_bytes)
    def change(action: PriceChange, ctx: ToolContext[Shop]) -> str:
        return LONG if action.new_price > 100 else "y" * 300

    @actions.on(PromotionLaunch, access="write_once")
    def launch(action: PromotionLaunch, ctx: ToolContext[Shop]) -> str:
        raise ValueError("SECRET-sk-123")

    del change, launch
    return actions


def told(actions: list[dict[str, Any]], tool: str, *between: Calls, **dispatch: Any) -> tuple[Any, Played]:
    """Return what a built-in tool answered to the executor's model."""
    seen: list[Any] = []
    look = Calls("get_plan", plan_id=lambda so_far: seen.append(so_far.answer(tool)))
    script = script_of((stored(*actions), Says("s")), (Calls("execute_plan"), *between, look, Says("x")))
    spec = announced(dispatched=talkative(**dispatch), planner={"approval": {"plans": "never"}})
    return seen, play(spec, TestingConfig(script=script))


def test_get_plan_tells_the_model_that_an_action_failed_and_not_what_was_raised() -> None:
    [shown], played = told([launched("a")], "get_plan", Calls("get_plan"))
    [action] = shown["actions"]
    assert (action["status"], action["result"]["error"]) == ("failed", "action_failed")
    assert "SECRET" not in str(shown)
    [failed] = played.of("tool_failed")
    assert "SECRET" in failed.error.message
    assert failed.traceback is not None


def test_the_result_of_an_action_that_is_too_large_becomes_a_reference() -> None:
    [shown], played = told([price("a", 500)], "execute_plan")
    result = shown["actions"][0]["result"]
    assert result["reference"]["kind"] == "ToolResult"
    assert result["bytes"] > len(LONG)
    assert len(str(shown)) < 3_000
    assert played.of("reference_stored")[0].bytes > len(LONG)


def test_the_limit_is_the_one_of_the_tool() -> None:
    [shown], _ = told([price("a", 1)], "execute_plan", price_bytes=200)
    assert shown["actions"][0]["result"]["bytes"] == 302
    [whole], _ = told([price("a", 1)], "execute_plan", price_bytes=400)
    assert whole["actions"][0]["result"] == "y" * 300


def test_get_plan_shows_large_results_as_references_too() -> None:
    [shown], _ = told([price("a", 500)], "get_plan", Calls("get_plan"))
    assert shown["actions"][0]["result"]["reference"]["kind"] == "ToolResult"
    assert shown["status"] == "EXECUTED"


def test_what_was_put_aside_can_be_read_back() -> None:
    seen: list[Any] = []

    def handle(so_far: Any) -> str:
        reference = so_far.answer("execute_plan")["actions"][0]["result"]["reference"]
        return f"{reference['kind']}:{reference['id']}"

    look = Calls("get_plan", plan_id=lambda so_far: seen.append(so_far.answer("read_result")))
    executor = (Calls("execute_plan"), Calls("read_result", handle=handle, limit=5), look, Says("x"))
    spec = announced(dispatched=talkative(), planner={"approval": {"plans": "never"}})
    play(spec, TestingConfig(script=script_of((stored(price("a", 500)), Says("s")), executor)))
    assert (seen[0]["text"], seen[0]["total_characters"]) == ("xxxxx", len(LONG))


def test_many_small_results_together_are_bounded() -> None:
    [shown], _ = told([price(f"p{number}", 1) for number in range(100)], "execute_plan")
    assert shown["reference"]["kind"] == "ToolResult"
    assert len(str(shown)) < 3_000


def test_the_answer_of_a_sub_agent_that_is_too_large_becomes_a_reference() -> None:
    seen: list[Any] = []
    again = Calls(
        "call_agent",
        agent="scenario_planner",
        message=lambda so_far: (seen.append(so_far.answer("call_agent")), "again")[1],
    )
    script = {
        "scenario_coordinator": [Calls("call_agent", agent="scenario_planner", message="a"), again, Says("done")],
        "scenario_planner": [Says(LONG), Says("short")],
    }
    play(announced(dispatched=dispatcher()), TestingConfig(script=script))
    assert seen[0]["reference"]["kind"] == "ToolResult"
    assert seen[0]["bytes"] == len(LONG) + 2


def idle(*steps: Any) -> Played:
    spec = announced(executor={"tools": [set_price]})
    return play(spec, TestingConfig(script=script_of(PLANNED, (*steps, Says("done")))), ["approve"])


def test_an_open_execution_that_wrote_nothing_has_failed_and_says_why() -> None:
    played = idle(Calls("execute_plan"))
    assert played.steps()[-1] == "r1 EXECUTING → FAILED by runtime"
    assert "no write was recorded" in played.of("plan_changed")[-1].reason


def test_a_write_before_the_plan_was_opened_is_none_of_its_writes() -> None:
    played = idle(Calls("set_price", product_id="a", price=1), Calls("execute_plan"))
    assert played.shop.done == ["a=1"]
    assert played.steps()[-1] == "r1 EXECUTING → FAILED by runtime"


def test_an_open_execution_of_a_plan_without_actions_is_done() -> None:
    spec = announced(executor={"tools": [set_price]})
    script = script_of((stored(), Says("s")), (Calls("execute_plan"), Says("done")))
    assert play(spec, TestingConfig(script=script), ["approve"]).steps()[-1] == "r1 EXECUTING → EXECUTED by runtime"
