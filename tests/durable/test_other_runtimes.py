"""Other runtimes: what one leaves at an approval, another one answers and finishes, and nothing happens twice."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flowai.errors import ApprovalConflict, ApprovalError, RunNotFound, ThreadBusy, UnknownApproval
from flowai_harness import Approve, Calls, Reject, create_runtime
from flowai_harness import TestingConfig as Testing
from tests.durable.shop import Deeds, asking, is_let_go, left, shop
from tests.harness.desk import of, turned_until, until
from tests.harness.scenario import TWO, Shop, announced, dispatcher, script_of, stored

STEPS = (Calls("look", row=1), Calls("drop", row=2), "done")


def numbers(events: list[Any]) -> list[int]:
    return [each.seq for each in events]


def test_a_tool_approved_in_another_runtime_goes_on_there_and_repeats_nothing(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, second = (shop(tmp_path, deeds, *STEPS) for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t")
        approval = await left(first, run, second)
        before = second.events(run.run_id)
        assert [each.status for each in second.runs()] == ["paused"]
        await second.respond_to_approval(approval, "approve", principal="ana")
        again = await second.resume(run.run_id)
        assert again.output == "done"
        assert deeds.done == ["look 1", "drop 2"]
        assert len(of(again, "model_called")) == 3
        assert numbers(again.events) == list(range(1, len(again.events) + 1))
        assert again.events[: len(before)] == before
        assert second.events(run.run_id) == again.events
        assert second.events(run.run_id, after=5) == again.events[5:]
        assert second.verify(run.run_id) > 0
        assert [each.status for each in first.runs()] == ["finished"]

    asyncio.run(whole())


def test_whoever_waits_for_a_run_that_another_runtime_finished_hears_its_end(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, second = (shop(tmp_path, deeds, *STEPS) for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t")
        approval = await left(first, run, second)
        await second.respond_to_approval(approval, "approve", principal="ana")
        await second.resume(run.run_id)
        assert (await run).output == "done"
        assert run.events == second.events(run.run_id)
        assert deeds.done == ["look 1", "drop 2"]

    asyncio.run(whole())


def test_a_program_that_waits_for_a_human_is_run_again_with_the_recorded_answers(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        spec_steps = ("said",)
        first, second = (_bare(tmp_path, deeds, *spec_steps) for _ in range(2))
        run = first.run_program(asking(3), thread_id="t")
        approval = await left(first, run, second)
        await second.respond_to_approval(approval, "approve", principal="ana")
        again = await second.resume(run.run_id)
        assert again.output == "said: sent 3"
        assert deeds.done == ["look 3", "send 3"]
        assert numbers(again.events) == list(range(1, len(again.events) + 1))
        assert again.events == second.events(run.run_id)

    asyncio.run(whole())


def _bare(path: Path, deeds: Deeds, *steps: Any) -> Any:
    from tests.harness.desk import desk

    return create_runtime(desk(), deeds, testing=Testing(script=list(steps)), storage=f"sqlite:///{path / 'runs.db'}")


def crew(path: Path, here: Shop, planner: Any) -> Any:
    testing = Testing(script=script_of(planner))
    spec = announced(dispatched=dispatcher())
    return create_runtime(spec, here, testing=testing, storage=f"sqlite:///{path / 'runs.db'}")


PLANNED = (stored(*TWO), "stored")
REVISED = (stored(*TWO), stored(TWO[0]), "stored")


def test_a_plan_approved_in_another_runtime_is_executed_once(tmp_path: Path) -> None:
    async def whole() -> None:
        here = Shop()
        first, second = (crew(tmp_path, here, PLANNED) for _ in range(2))
        run = first.query("go", thread_id="t")
        approval = await left(first, run, second)
        await second.respond_to_approval(approval, "approve", principal="ana")
        again = await second.resume(run.run_id)
        assert again.output == "done"
        assert here.done == ["red-1=9", "launch red-2"]
        assert of(again, "plan_changed")[-1].after == "EXECUTED"
        assert numbers(again.events) == list(range(1, len(again.events) + 1))

    asyncio.run(whole())


def test_a_second_revision_may_be_approved_in_a_third_runtime(tmp_path: Path) -> None:
    async def whole() -> None:
        here = Shop()
        first, second, third = (crew(tmp_path, here, REVISED) for _ in range(3))
        run = first.query("go", thread_id="t")
        await second.respond_to_approval(await left(first, run, second), Reject("too much"), principal="ana")
        second.resume(run.run_id)
        await turned_until(lambda: bool(second.pending_approvals()) and is_let_go(second, third))
        [pending] = third.pending_approvals()
        assert pending.revision == 2
        await third.respond_to_approval(pending.approval_id, Approve(), principal="bob")
        assert (await third.resume(run.run_id)).output == "done"
        assert here.done == ["red-1=9"]

    asyncio.run(whole())


def test_the_same_answer_again_is_harmless_and_another_one_is_a_conflict(tmp_path: Path) -> None:
    async def whole() -> None:
        first, second, third = (shop(tmp_path, Deeds(), *STEPS) for _ in range(3))
        run = first.run_specialist("clerk", "go", thread_id="t")
        approval = await left(first, run, second)
        await second.respond_to_approval(approval, "approve", principal="ana")
        await second.resume(run.run_id)
        for each in (second, third):
            await each.respond_to_approval(approval, "approve", principal="ana")
            with pytest.raises(ApprovalConflict):
                await each.respond_to_approval(approval, "reject", principal="ana")

    asyncio.run(whole())


def test_an_answer_needs_a_name_and_a_known_approval(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, second = (shop(tmp_path, deeds, *STEPS) for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t")
        approval = await left(first, run, second)
        with pytest.raises(ApprovalError, match="nobody is named"):
            await second.respond_to_approval(approval, "approve")
        for tenant, name in ((None, "approval_0"), ("globex", approval)):
            with pytest.raises(UnknownApproval):
                await second.respond_to_approval(name, "approve", principal="ana", tenant=tenant)
        for verb in (second.resume, second.events, second.verify):
            with pytest.raises(RunNotFound):
                verb(run.run_id, tenant="globex")
        assert second.runs(tenant="globex") == []
        assert deeds.done == ["look 1"]

    asyncio.run(whole())


def test_a_thread_is_busy_in_every_runtime_and_a_request_joins_its_run(tmp_path: Path) -> None:
    async def whole() -> None:
        first, second = (shop(tmp_path, Deeds(), *STEPS) for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t", request_id="r")
        await left(first, run, second)
        with pytest.raises(ThreadBusy) as busy:
            second.run_specialist("clerk", "go", thread_id="t")
        assert busy.value.run_id == run.run_id
        second.run_specialist("clerk", "go", thread_id="t", tenant="globex")
        assert second.run_specialist("clerk", "go", thread_id="t", request_id="r").run_id == run.run_id

    asyncio.run(whole())


def test_a_run_in_a_queue_waits_for_one_that_another_runtime_left(tmp_path: Path) -> None:
    async def whole() -> None:
        first, second = (shop(tmp_path, Deeds(), *STEPS) for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t")
        approval = await left(first, run, second)
        later = second.run_specialist("clerk", "again", thread_id="t", queue=True)
        await second.respond_to_approval(approval, "approve", principal="ana")
        event: Any = await until(later, "approval_required")
        await second.respond_to_approval(event.approval_id, "reject", principal="ana")
        assert (await later).output == "done"
        assert [each.status for each in first.runs()] == ["finished", "finished"]

    asyncio.run(whole())


def test_a_drained_runtime_lets_go_and_takes_nothing_new(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, second = (shop(tmp_path, deeds, *STEPS) for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t")
        await turned_until(lambda: bool(first.pending_approvals()))
        assert await first.drain() == []
        with pytest.raises(Exception, match="drained"):
            first.run_specialist("clerk", "go", thread_id="u")
        await turned_until(lambda: is_let_go(first, second))
        [pending] = second.pending_approvals()
        await second.respond_to_approval(pending.approval_id, "approve", principal="ana")
        assert (await second.resume(run.run_id)).output == "done"

    asyncio.run(whole())


def test_a_run_that_was_let_go_comes_back_through_its_own_name(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        runtime = shop(tmp_path, deeds, *STEPS)
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        approval = await left(runtime, run)
        assert runtime.threads.active() == []
        await runtime.respond_to_approval(approval, "approve", principal="ana")
        await run
        assert run.output == "done"
        assert deeds.done == ["look 1", "drop 2"]
        assert numbers(run.events) == list(range(1, len(run.events) + 1))

    asyncio.run(whole())


def test_a_run_that_was_let_go_can_be_cancelled(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        runtime = shop(tmp_path, deeds, *STEPS)
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await left(runtime, run)
        run.cancel("enough")
        await turned_until(lambda: run.is_finished)
        assert [each.status for each in runtime.runs()] == ["cancelled"]
        assert runtime.pending_approvals() == []
        assert deeds.done == ["look 1"]

    asyncio.run(whole())
