"""Threads: one active run each, joined by name, or queued."""

import asyncio
from typing import Any

import pytest

from flowai.errors import ThreadBusy
from flowai_harness import Calls, Says, TestingConfig, create_runtime
from tests.harness.desk import Rows, clerk_runtime, desk, until
from tests.harness.scenario import PLANNED, Shop, announced, dispatcher, script_of


def test_a_busy_thread_names_the_run_and_its_approvals() -> None:
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"))

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        with pytest.raises(ThreadBusy) as caught:
            runtime.run_specialist("clerk", "again", thread_id="t")
        assert caught.value.run_id == run.run_id
        assert list(caught.value.approvals) == [each.approval_id for each in runtime.pending_approvals()]
        assert run.run_id in str(caught.value)
        await runtime.respond_to_approval(caught.value.approvals[0], "approve", principal="ana")
        await run

    asyncio.run(whole())


def test_other_threads_and_tenants_are_free() -> None:
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"))

    async def whole() -> None:
        runs = [
            runtime.run_specialist("clerk", "go", thread_id="t"),
            runtime.run_specialist("clerk", "go", thread_id="u"),
            runtime.run_specialist("clerk", "go", thread_id="t", tenant="other"),
            runtime.run_specialist("clerk", "go"),
            runtime.run_specialist("clerk", "go"),
        ]
        assert len({run.run_id for run in runs}) == 5

    asyncio.run(whole())


def test_an_erased_thread_keeps_what_its_active_run_needs() -> None:
    shop = Shop()
    runtime = create_runtime(announced(dispatched=dispatcher()), shop, testing=TestingConfig(script=script_of(PLANNED)))

    async def whole() -> None:
        run = runtime.query("go", thread_id="t")
        event: Any = await until(run, "approval_required")
        assert runtime.erase_thread("t") == 0
        await runtime.respond_to_approval(event.approval_id, "approve", principal="ana")
        assert (await run).output == "done"

    asyncio.run(whole())
    assert shop.done == ["red-1=9", "launch red-2"]


def test_a_queued_run_waits_for_the_one_before() -> None:
    rows = Rows()
    script = {"clerk": [[Calls("delete_row", row=1), Says("one")], [Calls("read_row", row=2), Says("two")]]}
    runtime = create_runtime(desk(stateful=True), rows, testing=TestingConfig(script=script))

    async def whole() -> None:
        first = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(first, "run_paused")
        second = runtime.run_specialist("clerk", "again", thread_id="t", queue=True)
        await asyncio.sleep(0)
        assert second.events == []
        [pending] = runtime.pending_approvals()
        await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")
        assert (await second).output == "two"
        assert first.is_finished
        assert first.output == "one"

    asyncio.run(whole())
    assert rows.done == ["deleted 1", "read 2"]


def test_runs_queue_in_their_order() -> None:
    script = {"clerk": [[Says("one")], [Says("two")], [Says("three")]]}
    runtime = create_runtime(desk(stateful=True), testing=TestingConfig(script=script))

    async def whole() -> list[str]:
        runs = [runtime.run_specialist("clerk", str(n), thread_id="t", queue=True) for n in range(3)]
        return [(await run).output for run in reversed(runs)]

    assert asyncio.run(whole()) == ["three", "two", "one"]


def test_a_queued_run_can_be_cancelled() -> None:
    script = {"clerk": [[Calls("delete_row", row=1), Says("one")], [Calls("delete_row", row=2)]]}
    rows = Rows()
    runtime = create_runtime(desk(stateful=True), rows, testing=TestingConfig(script=script))

    async def whole() -> None:
        first = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(first, "run_paused")
        second = runtime.run_specialist("clerk", "again", thread_id="t", queue=True)
        second.cancel("not needed")
        [pending] = runtime.pending_approvals()
        await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")
        await first
        with pytest.raises(Exception, match="not needed"):
            await second

    asyncio.run(asyncio.wait_for(whole(), 20))
    assert rows.done == ["deleted 1"]


def test_a_repeated_call_joins_the_run_it_began() -> None:
    rows = Rows()
    runtime = clerk_runtime(Calls("read_row", row=1), Says("done"), services=rows)

    async def whole() -> None:
        first = runtime.run_specialist("clerk", "go", thread_id="t", request_id="r")
        assert runtime.run_specialist("clerk", "go", thread_id="t", request_id="r") is first
        await first
        assert runtime.run_specialist("clerk", "go", thread_id="t", request_id="r") is first
        other = runtime.run_specialist("clerk", "go", thread_id="t", request_id="r", tenant="other")
        assert other is not first
        await other

    asyncio.run(whole())
    assert rows.done == ["read 1", "read 1"]
