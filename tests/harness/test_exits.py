"""Exits: whichever way an execution is left, its plan ends, unless something is in doubt."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from flowai.errors import FlowaiError
from flowai.interpreters import PlanRecord, Run
from flowai.specs.runtime import RuntimeSpec
from flowai_harness import (
    ActionDispatcher,
    Approve,
    Calls,
    Fails,
    Reject,
    Runtime,
    Says,
    TestingConfig,
    ToolContext,
    define_tool,
)
from flowai_harness import create_runtime as made
from tests.harness.desk import turned_until, until
from tests.harness.scenario import (
    PLANNED,
    PriceChange,
    PromotionLaunch,
    Shop,
    announced,
    dispatcher,
    finish,
    launched,
    price,
    scenario_plan,
    script_of,
    set_price,
    stored,
)

SET = Calls("set_price", product_id="red-1", price=9)
THREE = (stored(price("a", 1), price("b", 2), price("c", 3)), Says("stored"))

holding: dict[str, asyncio.Event] = {}


@define_tool(access="write_once")
async def slow_price(ctx: ToolContext[Shop], product_id: str) -> str:
    """Set one price, slowly."""
    ctx.services.done.append(f"{product_id} begun")
    await holding["go"].wait()
    return "set"


@define_tool(access="read")
async def look(ctx: ToolContext[Shop]) -> str:
    """Look for ever."""
    ctx.services.done.append("looked")
    await asyncio.Event().wait()
    return "never"


def record_of(runtime: Runtime, run: Run[Any]) -> PlanRecord:
    plan_id = next(each.plan_id for each in run.events if each.type == "plan_stored")
    return runtime.plan(plan_id)


def ended(run: Run[Any]) -> str:
    """Return how the plan ended, and who says why."""
    moved: list[Any] = [each for each in run.events if each.type == "plan_changed"]
    return f"{moved[-1].after}: {moved[-1].reason}"


def played(
    spec: RuntimeSpec,
    script: dict[str, Any],
    answers: list[Any],
    *,
    cancel_when: Callable[[Shop], bool] | None = None,
    broken: frozenset[str] = frozenset(),
) -> tuple[Runtime, Run[Any], Shop]:
    shop = Shop(broken=set(broken))
    runtime = made(spec, shop, testing=TestingConfig(script=script))

    async def whole() -> Run[Any]:
        holding["go"] = asyncio.Event()
        run = runtime.query("go", thread_id="t")
        answering = asyncio.create_task(finish(runtime, run, answers))
        if cancel_when is not None:
            is_time = cancel_when
            await turned_until(lambda: is_time(shop))
            run.cancel("enough")
            holding["go"].set()
        await answering
        return run

    return runtime, asyncio.run(whole()), shop


def has_done(what: str) -> Callable[[Shop], bool]:
    return lambda shop: what in shop.done


OPEN: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = {
    "it answers": ((SET, Says("done")), {}, "EXECUTED: None"),
    "it answers without a write": ((Says("done"),), {}, "FAILED: no write was recorded for its 2 actions"),
    "its model fails": ((SET, Fails("overloaded")), {}, "FAILED: overloaded"),
    "it reaches its limit": (
        (SET, SET),
        {"executor": {"max_steps": 3}},
        "FAILED: agent `scenario_executor` made 3 model calls without an answer",
    ),
    "it never gives valid arguments": (
        tuple([Calls("set_price", product_id=1)] * 4),
        {},
        "FAILED: the model gave invalid arguments 4 times in a row, at last for `set_price`",
    ),
    "it is cancelled while it reads": (
        (SET, Calls("look")),
        {"cancel_when": has_done("looked")},
        "FAILED: it was cancelled",
    ),
    "it is cancelled while it writes": (
        (Calls("slow_price", product_id="x"),),
        {"cancel_when": has_done("x begun")},
        "FAILED: it was cancelled",
    ),
    "a write of it fails": ((SET, Says("done")), {"broken": frozenset({"red-1"})}, "FAILED: failed: set_price"),
    "a write of it is refused": (
        (SET, Says("done")),
        {"executor": {"tool_approvals": {"set_price": "always"}}, "answers": [Reject("no")]},
        "FAILED: failed: set_price",
    ),
}


@pytest.mark.parametrize("exit_", OPEN)
def test_an_open_plan_ends_whichever_way_its_executor_leaves(exit_: str) -> None:
    steps, options, expected = OPEN[exit_]
    executor = {"tools": [set_price, slow_price, look], **options.get("executor", {})}
    answers = ["approve", *options.get("answers", [])]
    how = {name: value for name, value in options.items() if name not in {"executor", "answers"}}
    script = script_of(PLANNED, (Calls("execute_plan"), *steps))
    runtime, run, _ = played(announced(executor=executor), script, answers, **how)
    assert ended(run) == expected
    record = record_of(runtime, run)
    assert record.status == expected.split(":")[0]


def test_what_was_written_before_a_cancel_is_recorded() -> None:
    executor = {"tools": [slow_price]}
    script = script_of(PLANNED, (Calls("execute_plan"), Calls("slow_price", product_id="x")))
    runtime, run, _ = played(
        announced(executor=executor), script, ["approve"], cancel_when=lambda shop: "x begun" in shop.done
    )
    [call] = record_of(runtime, run).calls
    assert (call["tool"], call["wrote"], call["succeeded"], call["in_doubt"]) == ("slow_price", True, True, False)


def slow_dispatcher() -> Any:
    actions: Any = ActionDispatcher(scenario_plan)

    @actions.on(PriceChange, access="write_once")
    async def change_price(action: PriceChange, ctx: ToolContext[Shop]) -> float:
        ctx.services.done.append(f"{action.product_id} begun")
        if action.product_id == "b":
            await holding["go"].wait()
        return action.new_price

    @actions.on(PromotionLaunch, access="write_once")
    def launch(action: PromotionLaunch) -> int:
        return len(action.product_ids)

    del change_price, launch
    return actions


def test_a_dispatched_plan_that_is_cancelled_within_an_action_ends_failed() -> None:
    spec = announced(dispatched=slow_dispatcher())
    runtime, run, shop = played(spec, script_of(THREE), ["approve"], cancel_when=lambda shop: "b begun" in shop.done)
    assert shop.done == ["a begun", "b begun"]
    assert ended(run) == "FAILED: it was cancelled; not run: 2"
    record = record_of(runtime, run)
    assert [each.status for each in record.actions] == ["done", "done", "pending"]
    assert record.history[-1].reason == "it was cancelled; not run: 2"


def test_a_dispatched_plan_whose_action_fails_says_what_was_not_run() -> None:
    runtime, run, _ = played(announced(dispatched=dispatcher()), script_of(THREE), ["approve"], broken=frozenset({"b"}))
    assert ended(run) == "FAILED: failed: 1; not run: 2"
    assert record_of(runtime, run).status == "FAILED"


def test_a_dispatched_plan_whose_inner_approval_is_refused_ends_failed() -> None:
    planner = (stored(launched("x"), price("a", 1)), Says("stored"))
    _, run, shop = played(
        announced(dispatched=dispatcher(asks_again=True)), script_of(planner), [Approve(), Reject("no")]
    )
    assert (ended(run), shop.done) == ("FAILED: failed: 0; not run: 1", [])


def test_a_dispatched_plan_that_is_cancelled_before_an_action_ends_failed() -> None:
    """Its second action waits for a human when the cancel comes: it has not begun."""
    planner = (stored(price("a", 1), launched("x"), price("b", 2)), Says("stored"))
    shop = Shop()
    runtime = made(
        announced(dispatched=dispatcher(asks_again=True)), shop, testing=TestingConfig(script=script_of(planner))
    )

    async def whole() -> Run[Any]:
        run = runtime.query("go", thread_id="t")
        plan = await until(run, "approval_required")
        await runtime.respond_to_approval(plan.approval_id, "approve", principal="ana")  # type: ignore[union-attr]
        await turned_until(lambda: any(each.kind == "tool" for each in runtime.pending_approvals()))
        run.cancel("enough")
        async for _ in run:
            pass
        return run

    run = asyncio.run(whole())
    assert ended(run) == "FAILED: failed: 1; it was cancelled; not run: 2"
    assert shop.done == ["a=1"]
    [withdrawn] = [each for each in run.events if each.type == "approval_withdrawn"]
    assert withdrawn.reason == "nobody waits for it any more"
    assert runtime.pending_approvals() == []


def test_a_plan_that_a_sibling_of_its_execution_breaks_ends_failed() -> None:
    """The fault of one call of a turn cancels the other; neither leaves the plan executing."""
    both = Calls("execute_plan") + Calls("set_price", product_id="a", price=1)
    script = script_of(PLANNED, (both, Fails("gone")))
    _, run, _ = played(announced(executor={"tools": [set_price]}), script, ["approve"])
    assert ended(run) == "FAILED: gone"


def test_a_run_tells_of_the_plan_before_its_own_end() -> None:
    _, run, _ = played(
        announced(executor={"tools": [set_price]}),
        script_of(PLANNED, (Calls("execute_plan"), Fails("gone"))),
        ["approve"],
    )
    kinds = [each.type for each in run.events]
    assert kinds.index("run_failed") > max(index for index, kind in enumerate(kinds) if kind == "plan_changed")
    with pytest.raises(FlowaiError):
        _ = run.value
