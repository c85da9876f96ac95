"""Doubt: a write whose end nobody saw is settled by its check, then by a human, and moves its action and its plan."""

import asyncio
from typing import Any

import pytest

from flowai import CallTool, Do, Tools, program
from flowai.errors import ApprovalError, ToolFailed
from flowai.interpreters import Live, Run, Test
from flowai_harness import (
    ActionDispatcher,
    Approve,
    Calls,
    Failed,
    Happened,
    Reject,
    RunAgain,
    Runtime,
    Says,
    SpecError,
    TestingConfig,
    ToolContext,
    create_runtime,
    define_coordinator,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.harness.desk import asked, desk, of, until
from tests.harness.scenario import (
    PriceChange,
    PromotionLaunch,
    Shop,
    announced,
    price,
    scenario_plan,
    script_of,
    stored,
)

TWO = (stored(price("a", 1), price("b", 2)), Says("stored"))


def slow(late: str = "a", **options: Any) -> ActionDispatcher[Any]:
    """Return the tools of both actions; the first change of one product is too slow."""
    actions: ActionDispatcher[Any] = ActionDispatcher(scenario_plan)

    given: Any = {"access": "write_once", "timeout_s": 0.001, **options}

    @actions.on(PriceChange, **given)
    async def change_price(action: PriceChange, ctx: ToolContext[Shop]) -> float:
        key = ctx.idempotency_key
        ctx.services.done.append(f"{action.product_id} {key}")
        if action.product_id == late and len(ctx.services.done) == 1:
            await asyncio.Event().wait()
        return action.new_price

    @actions.on(PromotionLaunch, access="write_once")
    def launch(action: PromotionLaunch) -> int:
        return len(action.product_ids)

    del change_price, launch
    return actions


def answered(answer: Any, **options: Any) -> tuple[Runtime, Run[Any], Shop]:
    """Play a plan whose first action takes too long, and answer for it."""
    shop = Shop()
    runtime = create_runtime(announced(dispatched=slow(**options)), shop, testing=TestingConfig(script=script_of(TWO)))

    async def whole() -> Run[Any]:
        run = runtime.query("go", thread_id="t")
        async for event in run:
            if event.type == "approval_required":
                said = "approve" if event.kind == "plan" else answer
                await runtime.respond_to_approval(event.approval_id, said, principal="ana")
        return run

    return runtime, asyncio.run(whole()), shop


def statuses(runtime: Runtime, run: Run[Any]) -> list[str]:
    return [each.status for each in runtime.plan(of(run, "plan_stored")[0].plan_id).actions]


def test_a_write_that_takes_too_long_is_in_doubt_and_a_human_is_asked() -> None:
    runtime, run, shop = answered(Happened(1.0))
    [doubted] = of(run, "action_in_doubt")
    assert (doubted.index, doubted.kind) == (0, "price_change")
    required = of(run, "approval_required")[-1]
    assert required.kind == "in_doubt"
    assert required.subject["tool"] == "change_price"
    assert required.subject["arguments"] == {"action": price("a", 1)}
    assert required.subject["idempotency_key"] == shop.done[0].split()[1]
    assert (required.subject["plan_id"], required.subject["action"]) == (doubted.plan_id, 0)
    assert of(run, "approval_resolved")[-1].decision == "happened"
    assert statuses(runtime, run) == ["done", "done"]


@pytest.mark.parametrize("answer", [Happened(1.0), "happened"])
def test_what_happened_is_done_and_the_plan_goes_on(answer: Any) -> None:
    runtime, run, shop = answered(answer)
    assert run.output == "done"
    record = runtime.plan(of(run, "plan_stored")[0].plan_id)
    assert (record.status, record.actions[0].by) == ("EXECUTED", "human ana")
    assert record.actions[0].result == (1.0 if isinstance(answer, Happened) else None)
    assert [each.split()[0] for each in shop.done] == ["a", "b"]


@pytest.mark.parametrize("answer", [RunAgain(), "run_again"])
def test_what_runs_again_does_so_under_the_same_key(answer: Any) -> None:
    runtime, run, shop = answered(answer)
    assert [each.split()[0] for each in shop.done] == ["a", "a", "b"]
    assert shop.done[0] == shop.done[1]
    assert statuses(runtime, run) == ["done", "done"]
    assert len({each.idempotency_key for each in of(run, "tool_called")[:2]}) == 1
    assert [each.index for each in of(run, "action_started")] == [0, 0, 1]


@pytest.mark.parametrize("answer", [Failed("the shelf is empty"), Reject("the shelf is empty")])
def test_what_failed_fails_the_plan_and_says_why(answer: Any) -> None:
    runtime, run, _ = answered(answer)
    assert statuses(runtime, run) == ["failed", "pending"]
    assert of(run, "action_failed")[0].error.message == "the shelf is empty"
    assert of(run, "plan_changed")[-1].after == "FAILED"
    assert of(run, "approval_resolved")[-1].decision == "failed"


def test_a_yes_does_not_say_what_became_of_a_write() -> None:
    with pytest.raises(ApprovalError, match="happened"):
        answered(Approve())


@pytest.mark.parametrize("answer", [Happened(), RunAgain(), Failed()])
def test_nothing_else_is_answered_as_a_write_in_doubt(answer: Any) -> None:
    shop = Shop()
    runtime = create_runtime(announced(dispatched=slow()), shop, testing=TestingConfig(script=script_of(TWO)))

    async def whole() -> None:
        run = runtime.query("go", thread_id="t")
        plan: Any = await until(run, "approval_required")
        with pytest.raises(ApprovalError):
            await runtime.respond_to_approval(plan.approval_id, answer, principal="ana")
        assert [each.approval_id for each in runtime.pending_approvals()] == [plan.approval_id]
        run.cancel()

    asyncio.run(whole())


@pytest.mark.parametrize("access", ["read", "write_idempotent"])
def test_what_may_be_repeated_and_takes_too_long_has_failed(access: str) -> None:
    runtime, run, _ = answered("nobody asks", access=access)
    assert of(run, "action_in_doubt") == []
    assert statuses(runtime, run) == ["failed", "pending"]


def test_a_tool_that_raises_a_timeout_of_its_own_has_failed() -> None:
    @define_tool(access="write_once")
    def send(row: int) -> str:
        """Send."""
        raise TimeoutError

    testing = TestingConfig(script=[Calls("send", row=1), Says("done")])
    run = asked(create_runtime(desk(tools=[send]), testing=testing))
    assert of(run, "approval_required") == []
    assert of(run, "tool_failed")[0].error.message == "`send` raised TimeoutError"


@define_tool(access="write_once", timeout_s=0.001)
async def send(ctx: ToolContext[Shop], row: int) -> str:
    """Send one row; the first time takes for ever."""
    ctx.services.done.append(ctx.idempotency_key)
    if len(ctx.services.done) == 1:
        await asyncio.Event().wait()
    return f"sent {row}"


@pytest.mark.parametrize(
    ("answer", "heard", "calls"),
    [(Happened("sent 1"), "sent 1", 1), (RunAgain(), "sent 1", 2), (Failed("no"), "`send` failed: no", 1)],
)
def test_a_write_outside_a_plan_is_asked_about_too(answer: Any, heard: str, calls: int) -> None:
    shop = Shop()
    seen: list[Any] = []
    look = Says("done", delay_ms=1)
    script: list[Any] = [
        Calls("send", row=1),
        Calls("send2", row=lambda so_far: seen.append(so_far.answer("send"))),
        look,
    ]
    runtime = create_runtime(desk(tools=[send]), shop, testing=TestingConfig(script=script, decisions=[answer]))
    run = asked(runtime)
    assert [each.kind for each in of(run, "action_in_doubt")] == ["send"]
    assert heard in str(seen)
    assert (len(shop.done), len(set(shop.done))) == (calls, 1)


def test_nobody_in_time_counts_as_failed() -> None:
    clerk = define_specialist(name="clerk", model="m", prompt="x", tools=[send])
    slow = define_specialist(name="slow", model="m", prompt="x")
    front = define_coordinator(name="desk", model="m", prompt="x", routes=["clerk", "slow"])
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[front, clerk, slow])
    both = Calls("call_agent", agent="clerk", message="go") + Calls("call_agent", agent="slow", message="go")
    script: dict[str, list[Any]] = {
        "desk": [both, Says("done")],
        "clerk": [Calls("send", row=1), Says("too late")],
        "slow": [Says("eight days later", delay_ms=8 * 24 * 3_600_000)],
    }
    run = create_runtime(spec, Shop(), testing=TestingConfig(script=script)).blocking.query("go", thread_id="t")
    [required], [expired] = of(run, "approval_required"), of(run, "approval_expired")
    assert expired.at - required.at == 7 * 24 * 3_600_000
    assert run.output == "done"


# Checks


def checked(said: Any, **options: Any) -> tuple[Runtime, Run[Any], Shop, list[str]]:
    keys: list[str] = []

    def check(key: str) -> Any:
        keys.append(key)
        if isinstance(said, Exception):
            raise said
        return said

    return *answered(options.pop("answer", "nobody asks"), check=check), keys


@pytest.mark.parametrize(
    ("said", "expected", "calls"),
    [
        (Happened(1.0), ["done", "done"], 2),
        (RunAgain(), ["done", "done"], 3),
        (Failed("gone"), ["failed", "pending"], 1),
    ],
)
def test_a_check_decides_before_a_human_is_asked(said: Any, expected: list[str], calls: int) -> None:
    runtime, run, shop, keys = checked(said)
    assert [each.kind for each in of(run, "approval_required")] == ["plan"]
    assert of(run, "action_in_doubt") == []
    assert statuses(runtime, run) == expected
    assert len(shop.done) == calls
    assert keys == [shop.done[0].split()[1]]


@pytest.mark.parametrize("said", [None, OSError("no net"), "perhaps", Approve(), Happened("not a number")])
def test_a_check_that_cannot_say_leaves_it_to_a_human(said: Any) -> None:
    runtime, run, _, keys = checked(said, answer=Happened(1.0))
    assert len(keys) == 1
    assert [each.kind for each in of(run, "approval_required")] == ["plan", "in_doubt"]
    assert statuses(runtime, run) == ["done", "done"]


def test_a_check_may_take_the_context() -> None:
    async def check(ctx: ToolContext[Shop], key: str) -> Happened:
        ctx.services.done.append(f"checked {ctx.idempotency_key == key}")
        return Happened("sent 1")

    tool = define_tool(access="write_once", timeout_s=0.001, check=check)(send.plain)
    shop = Shop()
    testing = TestingConfig(script=[Calls("send", row=1), Says("done")], decisions=[])
    run = asked(create_runtime(desk(tools=[tool]), shop, testing=testing))
    assert run.output == "done"
    assert shop.done[1:] == ["checked True"]


@pytest.mark.parametrize("check", [dict.fromkeys, asyncio.sleep, str, "perhaps"])
def test_a_check_takes_the_key(check: Any) -> None:
    with pytest.raises(SpecError, match="check"):
        define_tool(access="write_once", check=check)(send.plain)


def of_key(key: str) -> None:
    """Cannot say."""


def test_a_read_needs_no_check() -> None:
    with pytest.raises(SpecError, match="check"):
        define_tool(access="read", check=of_key)(send.plain)


@pytest.mark.parametrize("interpreter", [Test(), Live()])
def test_a_bare_program_is_told_what_nobody_can_say(interpreter: Any) -> None:
    @define_tool(access="write_once", timeout_s=0.001)
    async def wait(row: int) -> str:
        """Wait for ever."""
        await asyncio.Event().wait()
        return "never"

    @program
    def waits() -> Do[Tools, str]:
        return (yield from CallTool(wait, row=1))

    run = interpreter.run(waits())
    failure = run.result.failure()
    assert isinstance(failure, ToolFailed)
    assert "nobody knows whether it happened" in str(failure.hint)
    assert [each.kind for each in of(run, "action_in_doubt")] == ["wait"]
