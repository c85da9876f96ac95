"""Undo: what a plan did is taken back on request, last first, once, through the gate."""

import asyncio
from typing import Any

import pytest

from flowai.errors import PlanError, SpecError, ToolFailed
from flowai.interpreters import Run
from flowai_harness import ActionDispatcher, Calls, Reject, Runtime, Says, TestingConfig, ToolContext
from flowai_harness import define_tool as tool
from tests.harness.desk import of, until
from tests.harness.scenario import (
    PriceChange,
    PromotionLaunch,
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

THREE = (stored(price("a", 1), launched("x"), price("b", 2)), Says("stored"))


def executed(
    actions: Any = None, planner: Any = THREE, *, broken: frozenset[str] = frozenset()
) -> tuple[Runtime, str, Shop]:
    spec = announced(dispatched=actions or dispatcher())
    played = play(spec, TestingConfig(script=script_of(planner)), ["approve"], shop=Shop(broken=set(broken)))
    played.shop.done.clear()
    return played.runtime, played.of("plan_stored")[0].plan_id, played.shop


def statuses(runtime: Runtime, plan_id: str) -> list[str]:
    return [each.status for each in runtime.plan(plan_id).actions]


def test_undo_takes_back_what_was_done_in_reverse_and_tells_of_each() -> None:
    runtime, plan_id, shop = executed()
    run = runtime.blocking.undo(plan_id, principal="ana")
    assert shop.done == ["b restored", "a restored"]
    assert [(each.index, each.by, each.result) for each in of(run, "action_undone")] == [
        (2, "human ana", "restored"),
        (0, "human ana", "restored"),
    ]
    assert [each["index"] for each in run.output["undone"]] == [2, 0]
    assert statuses(runtime, plan_id) == ["undone", "done", "undone"]
    record = runtime.plan(plan_id)
    assert (record.status, record.actions[0].by) == ("EXECUTED", "human ana")
    assert "by human ana" in str(of(run, "action_undone")[0])


def test_chosen_actions_are_undone_and_the_others_stay() -> None:
    runtime, plan_id, shop = executed()
    runtime.blocking.undo(plan_id, [0], principal="ana")
    assert shop.done == ["a restored"]
    assert statuses(runtime, plan_id) == ["undone", "done", "done"]


def test_only_what_was_done_of_a_failed_plan_is_undone() -> None:
    runtime, plan_id, shop = executed(broken=frozenset({"b"}))
    runtime.blocking.undo(plan_id)
    assert shop.done == ["a restored"]
    assert statuses(runtime, plan_id) == ["undone", "done", "failed"]


@pytest.mark.parametrize(
    ("actions", "why"),
    [([0], "action 0 is undone"), ([1], "declares no undo"), ([7], "no action 7"), (None, "can be undone")],
)
def test_what_cannot_be_undone_is_refused_before_anything_is(actions: Any, why: str) -> None:
    runtime, plan_id, shop = executed()
    runtime.blocking.undo(plan_id, [0, 2])
    shop.done.clear()
    with pytest.raises(PlanError, match=why):
        runtime.blocking.undo(plan_id, actions)
    assert shop.done == []


def test_a_plan_that_has_not_ended_cannot_be_undone() -> None:
    played = play(announced(dispatched=dispatcher()), TestingConfig(script=script_of(THREE, ())), ["approve"])
    with pytest.raises(PlanError, match="APPROVED"):
        played.runtime.blocking.undo(played.of("plan_stored")[0].plan_id)


def test_an_unknown_plan_and_one_of_another_tenant_are_alike() -> None:
    runtime, plan_id, _ = executed()
    for unknown, tenant in (("plan_nope", None), (plan_id, "other")):
        with pytest.raises(PlanError, match="there is no plan"):
            runtime.undo(unknown, tenant=tenant)


def test_without_a_dispatcher_there_is_nothing_to_undo() -> None:
    played = play(
        announced(executor={"tools": [set_price]}),
        TestingConfig(script=script_of(THREE, (Calls("execute_plan"), Says("x")))),
        ["approve"],
    )
    with pytest.raises(SpecError, match="dispatcher"):
        played.runtime.undo(played.of("plan_stored")[0].plan_id)


def undoing(undo: Any) -> ActionDispatcher[Any]:
    actions: ActionDispatcher[Any] = ActionDispatcher(scenario_plan)

    @actions.on(PriceChange, access="write_once", undo=undo)
    def change_price(action: PriceChange) -> float:
        return action.new_price

    @actions.on(PromotionLaunch, access="write_once")
    def launch(action: PromotionLaunch) -> int:
        return len(action.product_ids)

    del change_price, launch
    return actions


def test_an_undo_gets_the_result_of_its_action() -> None:
    def restore(action: PriceChange, old: float, ctx: ToolContext[Shop]) -> str:
        ctx.services.done.append(f"{action.product_id} {old}")
        return "ok"

    runtime, plan_id, shop = executed(undoing(restore))
    runtime.blocking.undo(plan_id)
    assert shop.done == ["b 2.0", "a 1.0"]


def test_an_undo_that_fails_ends_the_run_and_leaves_its_action_done() -> None:
    def restore(action: PriceChange) -> str:
        if action.product_id == "a":
            raise OSError("locked")
        return "ok"

    runtime, plan_id, _ = executed(undoing(restore))
    with pytest.raises(ToolFailed):
        runtime.blocking.undo(plan_id)
    assert statuses(runtime, plan_id) == ["done", "done", "undone"]


@pytest.mark.parametrize(("answer", "expected"), [("approve", "undone"), (Reject("keep it"), "done")])
def test_an_undo_that_asks_is_asked_about(answer: Any, expected: str) -> None:
    @tool(access="write_once", approval="always")
    def restore(action: PriceChange) -> str:
        """Restore."""
        return "ok"

    runtime, plan_id, _ = executed(undoing(restore))

    async def whole() -> Run[Any]:
        run = runtime.undo(plan_id, [0], principal="ana")
        required: Any = await until(run, "approval_required")
        assert statuses(runtime, plan_id)[0] == "undoing"
        await runtime.respond_to_approval(required.approval_id, answer, principal="ana")
        async for _ in run:
            pass
        return run

    asyncio.run(asyncio.wait_for(whole(), 20))
    assert statuses(runtime, plan_id) == [expected, "done", "done"]
