"""What a cancel leaves in doubt: it is asked about after the run, and the answer moves the plan."""

import asyncio
from typing import Any

import pytest

from flowai.errors import ApprovalConflict, ApprovalError, RunCancelled
from flowai.interpreters import Run
from flowai.specs.trouble import Hangs
from flowai_harness import Calls, Failed, Happened, RunAgain, Runtime, Says, TestingConfig, create_runtime
from tests.harness.desk import of, turned_until, until
from tests.harness.scenario import Shop, announced, script_of, set_price
from tests.harness.test_doubt import TWO, slow


def cancelled_in_flight(*, dispatched: bool = True) -> tuple[Runtime, Run[Any], Shop]:
    """Cancel a run whose write hangs beyond its grace, in virtual time."""
    shop = Shop()
    faults = {"CallTool": Hangs()}
    if dispatched:
        spec = announced(dispatched=slow(late="nobody", timeout_s=60))
        script: Any = script_of(TWO)
    else:
        spec = announced(executor={"tools": [set_price]})
        script = script_of(TWO, (Calls("execute_plan"), Calls("set_price", product_id="a", price=1), Says("x")))
    runtime = create_runtime(spec, shop, testing=TestingConfig(script=script, faults=faults))

    async def whole() -> Run[Any]:
        run = runtime.query("go", thread_id="t")
        plan: Any = await until(run, "approval_required")
        await runtime.respond_to_approval(plan.approval_id, "approve", principal="ana")
        await until(run, "tool_called")
        run.cancel("enough")
        async for _ in run:
            pass
        with pytest.raises(RunCancelled):
            await run
        return run

    return runtime, asyncio.run(whole()), shop


def of_plan(runtime: Runtime, run: Run[Any]) -> Any:
    return runtime.plan(of(run, "plan_stored")[0].plan_id)


@pytest.mark.parametrize("dispatched", [True, False])
def test_a_write_that_outlives_its_run_keeps_the_plan_executing_and_is_asked_about(*, dispatched: bool) -> None:
    runtime, run, _ = cancelled_in_flight(dispatched=dispatched)
    assert of_plan(runtime, run).status == "EXECUTING"
    [pending] = runtime.pending_approvals()
    assert (pending.kind, pending.thread_id) == ("in_doubt", "t")
    assert len(of(run, "action_in_doubt")) == 1
    assert pending.approval_id == of(run, "approval_required")[-1].approval_id


@pytest.mark.parametrize("dispatched", [True, False])
@pytest.mark.parametrize(("answer", "action"), [(Happened(1.0), "done"), (Failed("no"), "failed")])
def test_an_answer_after_the_end_moves_the_action_and_ends_the_plan(
    answer: Any, action: str, *, dispatched: bool
) -> None:
    runtime, run, shop = cancelled_in_flight(dispatched=dispatched)
    [pending] = runtime.pending_approvals()
    runtime.blocking.respond_to_approval(pending.approval_id, answer, principal="ana")
    record = of_plan(runtime, run)
    assert record.status == "FAILED"
    if dispatched:
        assert [each.status for each in record.actions] == [action, "pending"]
        assert "not run: 1" in str(record.history[-1].reason)
    else:
        assert [(call["succeeded"], call["in_doubt"]) for call in record.calls] == [(action == "done", False)]
    assert runtime.pending_approvals() == []
    told = [each.type for each in run.events]
    assert told.index("run_cancelled") < told.index("approval_resolved", told.index("run_cancelled"))
    assert of(run, "plan_changed")[-1].after == "FAILED"
    assert shop.done == []
    runtime.blocking.respond_to_approval(pending.approval_id, answer, principal="ana")
    with pytest.raises(ApprovalConflict):
        runtime.blocking.respond_to_approval(pending.approval_id, RunAgain(), principal="ana")


@pytest.mark.parametrize("dispatched", [True, False])
def test_run_again_after_the_end_makes_just_that_call_under_its_key(*, dispatched: bool) -> None:
    runtime, run, shop = cancelled_in_flight(dispatched=dispatched)
    [pending] = runtime.pending_approvals()

    async def whole() -> None:
        await runtime.respond_to_approval(pending.approval_id, RunAgain(), principal="ana")
        await runtime.respond_to_approval(pending.approval_id, RunAgain(), principal="ana")
        await turned_until(lambda: of_plan(runtime, run).status != "EXECUTING")

    asyncio.run(asyncio.wait_for(whole(), 20))
    record = of_plan(runtime, run)
    assert record.status == "FAILED"
    if dispatched:
        assert [each.status for each in record.actions] == ["done", "pending"]
        assert shop.done == [f"a {pending.subject['idempotency_key']}"]
    else:
        assert shop.done == ["a=1"]
        assert [(call["tool"], call["succeeded"]) for call in record.calls] == [("set_price", True)]


def test_an_unknown_tenant_cannot_answer_for_a_write() -> None:
    runtime, run, _ = cancelled_in_flight()
    [pending] = runtime.pending_approvals()
    with pytest.raises(ApprovalError):
        runtime.blocking.respond_to_approval(pending.approval_id, Happened(), principal="eve", tenant="other")
    assert of_plan(runtime, run).status == "EXECUTING"


def test_a_cancel_while_a_human_is_asked_leaves_the_question_open() -> None:
    shop = Shop()
    runtime = create_runtime(announced(dispatched=slow()), shop, testing=TestingConfig(script=script_of(TWO)))

    async def whole() -> Run[Any]:
        run = runtime.query("go", thread_id="t")
        plan: Any = await until(run, "approval_required")
        await runtime.respond_to_approval(plan.approval_id, "approve", principal="ana")
        await turned_until(lambda: any(each.kind == "in_doubt" for each in runtime.pending_approvals()))
        run.cancel("enough")
        async for _ in run:
            pass
        return run

    run = asyncio.run(asyncio.wait_for(whole(), 20))
    [pending] = runtime.pending_approvals()
    assert pending.approval_id == of(run, "approval_required")[-1].approval_id
    assert of(run, "approval_withdrawn") == []
    assert of_plan(runtime, run).status == "EXECUTING"
    runtime.blocking.respond_to_approval(pending.approval_id, Happened(1.0), principal="ana")
    record = of_plan(runtime, run)
    assert (record.status, [each.status for each in record.actions]) == ("FAILED", ["done", "pending"])
