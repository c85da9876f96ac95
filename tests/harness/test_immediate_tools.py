"""Async tools that never wait: run on the spot, and still as tools are run."""

import asyncio
from contextvars import ContextVar
from typing import Any

from flowai.interpreters import Run
from flowai_harness import (
    Calls,
    Runtime,
    Says,
    TestingConfig,
    create_runtime,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.harness.desk import turned_until

WHO: ContextVar[str] = ContextVar("WHO", default="nobody")
SEEN: list[Any] = []


@define_tool(access="read")
async def count(step: int) -> int:
    """Count."""
    SEEN.append(step)
    return step + 1


@define_tool(access="read")
async def look() -> dict[str, object]:
    """Say where it runs."""
    task, before = asyncio.current_task(), WHO.get()
    WHO.set("the tool")
    return {"has_task": task is not None, "before": before}


@define_tool(access="read")
async def give_up() -> str:
    """Raise what asyncio raises."""
    raise asyncio.CancelledError


@define_tool(access="read")
async def greet(name: str) -> str:
    """Answer with a name and half a character."""
    return name + "\ud800"


def runtime_of(*script: Any) -> Runtime:
    """A specialist with these tools and this script."""
    SEEN.clear()
    tools = [count, look, give_up, greet]
    clerk = define_specialist(name="clerk", model="scripted", tools=tools, prompt="Work.", max_steps=100)
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[clerk])
    return create_runtime(spec, testing=TestingConfig(script=list(script)))


def begun(*script: Any) -> Run[Any]:
    return runtime_of(*script).run_specialist("clerk", "go", thread_id="t")


def counting(steps: int) -> list[Any]:
    return [*(Calls("count", step=step) for step in range(steps)), Says("done")]


def test_events_come_between_the_steps_and_not_after_them_all() -> None:
    async def whole() -> None:
        steps_seen = [len(SEEN) async for event in begun(*counting(5)) if event.type == "tool_answered"]
        assert steps_seen == [1, 2, 3, 4, 5]

    asyncio.run(whole())


def test_a_reader_who_cancels_is_heard_before_the_next_tool_runs() -> None:
    async def whole() -> None:
        run = begun(*counting(50))
        async for event in run:
            if event.type == "tool_answered":
                run.cancel()
        assert SEEN == [0]
        assert run.events[-1].type == "run_cancelled"

    asyncio.run(whole())


def test_others_on_the_loop_have_turns_while_a_long_run_goes_on() -> None:
    async def whole() -> int:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        await begun(*counting(60))
        beside.cancel()
        return turns

    assert asyncio.run(whole()) >= 3


def test_a_run_that_nobody_waits_for_goes_on() -> None:
    async def whole() -> None:
        run = begun(*counting(4))
        async for event in run:
            if event.type == "tool_called":
                break
        await turned_until(lambda: run.is_finished)
        assert run.output == "done"

    asyncio.run(whole())
    assert SEEN == [0, 1, 2, 3]


def test_a_run_that_was_only_begun_goes_on() -> None:
    async def whole() -> None:
        run = begun(*counting(4))
        await turned_until(lambda: run.is_finished)

    asyncio.run(whole())
    assert SEEN == [0, 1, 2, 3]


def test_two_readers_of_one_run_are_told_the_same() -> None:
    async def whole() -> None:
        run = begun(*counting(40))

        async def read() -> list[str]:
            return [str(event) async for event in run]

        one, other = await asyncio.gather(read(), read())
        assert one == other == [str(event) for event in run.events]

    asyncio.run(whole())


def test_a_tool_finds_a_task_and_keeps_its_context_to_itself() -> None:
    async def whole() -> None:
        WHO.set("the caller")
        run = await begun(Calls("look"), Calls("look"), Says("done"))
        results = [event.result for event in run.events if event.type == "tool_answered"]
        assert results == [{"has_task": True, "before": "the caller"}] * 2
        assert WHO.get() == "the caller"

    asyncio.run(whole())


def test_a_tool_has_a_task_where_nobody_waits_for_the_run() -> None:
    async def whole() -> None:
        run = begun(Calls("look"), Says("done"))
        await turned_until(lambda: run.is_finished)
        assert [event.result["has_task"] for event in run.events if event.type == "tool_answered"] == [True]

    asyncio.run(whole())


def test_a_cancel_that_a_tool_makes_up_is_a_failure_of_the_tool() -> None:
    async def whole() -> None:
        run = await begun(Calls("give_up"), Says("done"))
        failed = [event for event in run.events if event.type == "tool_failed"]
        assert [event.cause_type for event in failed] == ["CancelledError"]
        assert run.output == "done"

    asyncio.run(whole())


def test_a_text_without_a_json_form_is_refused_as_a_result() -> None:
    async def whole() -> None:
        run = await begun(Calls("greet", name="Ana"), Says("done"))
        failed = [event for event in run.events if event.type == "tool_failed"]
        assert [event.error.kind for event in failed] == ["ToolFailed"]

    asyncio.run(whole())


def test_blocking_callers_run_them_too() -> None:
    run = runtime_of(*counting(3)).blocking.run_specialist("clerk", "go", thread_id="t")
    assert (run.output, SEEN) == ("done", [0, 1, 2])
