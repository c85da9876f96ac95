"""Runs: followed, left, cancelled, and asked of one agent."""

import asyncio
from typing import Any

import pytest

from flowai.errors import RunCancelled, SpecError
from flowai_harness import Calls, Says, TestingConfig, create_runtime, define_runtime, define_specialist, define_tenant
from tests.harness.desk import Rows, clerk_runtime, desk, of, turned_until, until


def test_iteration_tells_everything_and_awaiting_gives_the_end() -> None:
    runtime = create_runtime(desk(), testing=TestingConfig(mock_response="hello"))

    async def whole() -> None:
        run = runtime.query("hi", thread_id="t")
        told = [event.type async for event in run]
        assert told[0] == "run_started"
        assert told[-1] == "run_finished"
        assert (await run).output == "hello"
        assert [event.type for event in run.events] == told

    asyncio.run(whole())


def test_lasting_events_are_numbered_from_one_and_name_their_run() -> None:
    runtime = create_runtime(desk(), testing=TestingConfig(mock_response="hello"))
    run = runtime.blocking.query("hi", thread_id="t")
    lasting = [event for event in run.events if event.seq is not None]
    assert [event.seq for event in lasting] == list(range(1, len(lasting) + 1))
    assert {(event.run_id, event.thread_id, event.tenant) for event in run.events} == {(run.run_id, "t", "acme")}


def test_leaving_the_loop_leaves_the_run_alone() -> None:
    rows = Rows()
    runtime = clerk_runtime(Calls("read_row", row=1), Says("done"), services=rows)

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "model_called")
        await turned_until(lambda: run.is_finished)
        assert run.output == "done"

    asyncio.run(asyncio.wait_for(whole(), 20))
    assert rows.done == ["read 1"]


def test_leaving_the_block_cancels_the_run() -> None:
    gate = asyncio.Event()
    runtime = create_runtime(_waiting(gate), testing=TestingConfig(script=[Calls("wait"), Says("x")]))

    async def whole() -> Any:
        async with runtime.run_specialist("waiter", "go", thread_id="t") as run:
            await until(run, "tool_called")
        assert run.is_finished
        with pytest.raises(RunCancelled):
            await run
        return run

    run = asyncio.run(asyncio.wait_for(whole(), 20))
    assert run.events[-1].type == "run_cancelled"


def test_leaving_the_block_of_a_run_that_waits_for_a_human_leaves_it_alone() -> None:
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"))

    async def whole() -> None:
        async with runtime.run_specialist("clerk", "go", thread_id="t") as run:
            await until(run, "run_paused")
        assert not run.is_finished
        [pending] = runtime.pending_approvals()
        await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")
        assert (await run).output == "done"

    asyncio.run(whole())


def test_leaving_the_block_of_a_finished_run_changes_nothing() -> None:
    runtime = create_runtime(desk(), testing=TestingConfig(mock_response="hello"))

    async def whole() -> None:
        async with runtime.query("hi", thread_id="t") as run:
            await run
        assert run.output == "hello"

    asyncio.run(whole())


def test_cancelling_leaves_a_history_without_a_dangling_call() -> None:
    seen: list[Any] = []
    second = [Calls("read_row", row=lambda so_far: (seen.append(so_far.messages), 1)[1]), Says("two")]
    script = {"clerk": [[Calls("delete_row", row=1) + Calls("read_row", row=2), Says("x")], second]}
    runtime = create_runtime(desk(stateful=True), Rows(), testing=TestingConfig(script=script))

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "first", thread_id="t")
        await until(run, "run_paused")
        run.cancel("enough")
        with pytest.raises(RunCancelled, match="enough"):
            await run
        assert runtime.pending_approvals() == []
        assert (await runtime.run_specialist("clerk", "second", thread_id="t")).output == "two"

    asyncio.run(whole())
    [messages] = seen
    called = {call["id"] for each in messages if each["role"] == "assistant" for call in each["tool_calls"]}
    answered = {each["call_id"] for each in messages if each["role"] == "tool"}
    assert called == answered
    assert messages[-1] == {"role": "user", "text": "second"} or messages[-1]["text"] == "second"


def test_a_specialist_may_be_asked_directly() -> None:
    runtime = clerk_runtime(Says("done"))
    run = runtime.blocking.run_specialist("clerk", "go")
    assert run.output == "done"
    assert of(run, "agent_started")[0].role == "specialist"
    with pytest.raises(SpecError, match="there is no agent `clrk`"):
        runtime.blocking.run_specialist("clrk", "go")


def test_a_query_without_a_coordinator_names_run_specialist() -> None:
    spec = define_runtime(
        tenant=define_tenant("acme", "v1"), agents=[define_specialist(name="clerk", model="m", prompt="x")]
    )
    runtime = create_runtime(spec, testing=TestingConfig(mock_response="x"))
    with pytest.raises(SpecError) as caught:
        runtime.query("go", thread_id="t")
    assert "run_specialist" in str(caught.value)


def test_a_query_and_its_program_are_the_same_value() -> None:
    runtime = create_runtime(desk(), testing=TestingConfig(mock_response="hello"))
    program = runtime.program("hi")
    assert program == runtime.program("hi")
    asked = runtime.blocking.query("hi", thread_id="t")
    again = runtime.run_program(program, thread_id="u").wait()
    assert again.value == asked.output
    assert [event.type for event in again.events] == [event.type for event in asked.events]


def test_a_closed_runtime_leaves_nothing_running() -> None:
    gate = asyncio.Event()

    async def whole() -> None:
        async with create_runtime(_waiting(gate), testing=TestingConfig(script=[Calls("wait"), Says("x")])) as runtime:
            run = runtime.run_specialist("waiter", "go", thread_id="t")
            await until(run, "tool_called")
        assert run.is_finished

    asyncio.run(asyncio.wait_for(whole(), 20))


def _waiting(gate: asyncio.Event) -> Any:
    from flowai_harness import define_tool

    @define_tool(access="read")
    async def wait() -> str:
        """Wait for ever."""
        await gate.wait()
        return "x"

    agent = define_specialist(name="waiter", model="m", prompt="x", tools=[wait])
    return define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent])
