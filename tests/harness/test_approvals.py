"""Approvals: several at once, answered in any order, again, too late, or by the wrong people."""

import asyncio
import itertools
from typing import Any

import pytest

from flowai.errors import ApprovalConflict, ApprovalError, ApprovalExpired, UnknownApproval
from flowai_harness import (
    Approve,
    Calls,
    Reject,
    Runtime,
    Says,
    TestingConfig,
    create_runtime,
    define_coordinator,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.harness.desk import Rows, asked, clerk_runtime, of, turned_until, until

THREE = Calls("delete_row", row=1) + Calls("read_row", row=2) + Calls("delete_row", row=3)


def waiting(runtime: Runtime, row: int) -> str:
    return next(each.approval_id for each in runtime.pending_approvals() if each.subject["arguments"]["row"] == row)


@pytest.mark.parametrize("order", list(itertools.permutations([1, 3])))
def test_parallel_approvals_are_answered_in_any_order_and_siblings_run_once(order: tuple[int, ...]) -> None:
    rows = Rows()
    runtime = clerk_runtime(THREE, Says("done"), services=rows)

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        assert rows.done == ["read 2"]
        for row in order:
            await runtime.respond_to_approval(waiting(runtime, row), "approve", principal="ana")
        assert (await run).output == "done"

    asyncio.run(whole())
    assert sorted(rows.done) == ["deleted 1", "deleted 3", "read 2"]


def test_a_part_of_the_answers_lets_out_only_that_part() -> None:
    rows = Rows()
    runtime = clerk_runtime(THREE, Says("done"), services=rows)

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        await runtime.respond_to_approval(waiting(runtime, 3), "approve", principal="ana")
        await until(run, "run_paused")
        await turned_until(lambda: "deleted 3" in rows.done)
        assert [each.subject["arguments"] for each in runtime.pending_approvals()] == [{"row": 1}]
        assert not run.is_finished
        await runtime.respond_to_approval(waiting(runtime, 1), Reject("keep it"), principal="ana")
        assert (await run).output == "done"

    asyncio.run(whole())
    assert rows.done == ["read 2", "deleted 3"]


def answered(first: Any, second: Any, **options: Any) -> BaseException | None:
    """Answer one approval twice and return what the second answer raised."""
    runtime = clerk_runtime(Calls("delete_row", row=1) + Calls("delete_row", row=2), Says("done"))

    async def whole() -> BaseException | None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        approval_id = waiting(runtime, 1)
        await runtime.respond_to_approval(approval_id, first, principal="ana")
        raised: BaseException | None = None
        try:
            await runtime.respond_to_approval(approval_id, second, **{"principal": "ana", **options})
        except ApprovalError as error:
            raised = error
        await runtime.respond_to_approval(waiting(runtime, 2), "approve", principal="ana")
        await run
        return raised

    return asyncio.run(whole())


def test_a_principal_is_a_name() -> None:
    wrong: Any = 3
    with pytest.raises(ApprovalError, match="`principal` is 3"):
        clerk_runtime(Says("x")).blocking.respond_to_approval("any", "approve", principal=wrong)


def test_the_same_answer_again_is_harmless() -> None:
    assert answered("approve", Approve()) is None
    assert answered(Reject("no"), Reject("no")) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [("approve", "reject"), ("reject", "approve"), (Reject("a"), Reject("b")), ("approve", Approve(edits={"row": 9}))],
)
def test_another_answer_is_a_conflict(first: Any, second: Any) -> None:
    assert isinstance(answered(first, second), ApprovalConflict)


def test_another_tenant_knows_nothing_of_it() -> None:
    assert isinstance(answered("approve", "approve", tenant="other"), UnknownApproval)


def test_an_approval_that_nobody_asked_is_unknown() -> None:
    runtime = clerk_runtime(Says("done"))
    with pytest.raises(UnknownApproval, match="approval_nope"):
        runtime.blocking.respond_to_approval("approval_nope", "approve", principal="ana")


def test_an_answer_after_the_end_is_still_compared() -> None:
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"))

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        required: Any = await until(run, "approval_required")
        await runtime.respond_to_approval(required.approval_id, "approve", principal="ana")
        await run
        await runtime.respond_to_approval(required.approval_id, "approve", principal="ana")
        with pytest.raises(ApprovalConflict):
            await runtime.respond_to_approval(required.approval_id, "reject", principal="ana")

    asyncio.run(whole())


def test_edited_arguments_are_what_runs() -> None:
    rows = Rows()
    runtime = clerk_runtime(
        Calls("delete_row", row=1), Says("done"), decisions=[Approve(edits={"row": 7})], services=rows
    )
    run = asked(runtime)
    assert rows.done == ["deleted 7"]
    assert of(run, "tool_called")[0].arguments == {"row": 7}


@pytest.mark.parametrize("edits", [{"row": "seven"}, {"wor": 7}, {"row": None}])
def test_edited_arguments_that_do_not_fit_decide_nothing(edits: Any) -> None:
    rows = Rows()
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"), services=rows)

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        with pytest.raises(ApprovalError):
            await runtime.respond_to_approval(waiting(runtime, 1), Approve(edits=edits), principal="ana")
        assert rows.done == []
        await runtime.respond_to_approval(waiting(runtime, 1), "reject", principal="ana")
        await run

    asyncio.run(whole())
    assert rows.done == []


def test_nobody_in_time_counts_as_a_rejection() -> None:
    @define_tool(access="write_once", approval={"ask": "always", "expires_in": "2h"})
    def forget(row: int) -> str:
        """Forget a row."""
        raise AssertionError("nobody approved it")

    clerk = define_specialist(name="clerk", model="m", prompt="x", tools=[forget])
    slow = define_specialist(name="slow", model="m", prompt="x")
    desk = define_coordinator(name="desk", model="m", prompt="x", routes=["clerk", "slow"])
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[desk, clerk, slow])
    both = Calls("call_agent", agent="clerk", message="go") + Calls("call_agent", agent="slow", message="go")
    script: dict[str, list[Any]] = {
        "desk": [both, Says("done")],
        "clerk": [Calls("forget", row=1), Says("too late")],
        "slow": [Says("three hours later", delay_ms=3 * 3_600_000)],
    }
    runtime = create_runtime(spec, testing=TestingConfig(script=script))
    run = runtime.blocking.query("go", thread_id="t")
    [required], [expired] = of(run, "approval_required"), of(run, "approval_expired")
    assert required.expires_at - required.at == 2 * 3_600_000
    assert expired.at >= required.expires_at
    assert of(run, "tool_called") == []
    with pytest.raises(ApprovalExpired):
        runtime.blocking.respond_to_approval(required.approval_id, "approve", principal="ana")


def test_pending_approvals_are_listed_by_tenant_and_thread() -> None:
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"))

    async def whole() -> None:
        runs = [
            runtime.run_specialist("clerk", "go", thread_id="a"),
            runtime.run_specialist("clerk", "go", thread_id="b"),
            runtime.run_specialist("clerk", "go", thread_id="a", tenant="other"),
        ]
        for run in runs:
            await until(run, "run_paused")
        assert [each.thread_id for each in runtime.pending_approvals()] == ["a", "b"]
        assert [each.thread_id for each in runtime.pending_approvals(thread_id="b")] == ["b"]
        assert [each.tenant for each in runtime.pending_approvals(tenant="other")] == ["other"]
        assert len({each.approval_id for t in ("acme", "other") for each in runtime.pending_approvals(tenant=t)}) == 3
        for tenant in ("acme", "other"):
            for each in runtime.pending_approvals(tenant=tenant):
                await runtime.respond_to_approval(each.approval_id, "approve", principal="ana", tenant=tenant)
        assert [(await run).output for run in runs] == ["done"] * 3

    asyncio.run(whole())


def test_who_decided_when_why_and_by_which_rule_is_kept() -> None:
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"))

    async def whole() -> Any:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        await runtime.respond_to_approval(waiting(runtime, 1), "reject", principal="ana", reason="keep it")
        return await run

    run = asyncio.run(whole())
    [required], [resolved] = of(run, "approval_required"), of(run, "approval_resolved")
    assert (resolved.principal, resolved.reason, resolved.decision) == ("ana", "keep it", "rejected")
    assert resolved.digest == required.digest
    assert required.rule == "tool: always"
