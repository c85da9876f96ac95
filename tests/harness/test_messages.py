"""No conversation is locked for ever: not by a bad message, a closed loop, a cancelled place in the line."""

import asyncio
import gc
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from flowai import Approvals, AwaitApproval, Clock, Do, ReadClock, program
from flowai.errors import FlowaiError, RunCancelled, SpecError, ThreadBusy, ValueNotJson
from flowai.interpreters import Run
from flowai.interpreters.threads import NAMED_MAX, NAMED_S_MAX, Threads
from flowai_harness import (
    Calls,
    Runtime,
    Says,
    TestingConfig,
    create_runtime,
    define_plan,
    define_planner,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.harness.desk import Rows, clerk_runtime, desk, turned_until, until

PATIENCE_S = 30
GATED = (Calls("delete_row", row=1), Says("done"))


def within(work: Any) -> Any:
    """Run on a loop of its own, and not for ever."""
    return asyncio.run(asyncio.wait_for(work, PATIENCE_S))


def on_a_thread(act: Callable[[], Any]) -> list[Any]:
    """Call on another thread, and not for ever."""
    told: list[Any] = []
    thread = threading.Thread(target=lambda: told.append(act()), daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), "it hangs"
    return told


@pytest.mark.parametrize(("message", "error"), [("a \ud800", ValueNotJson), (3, SpecError), (None, SpecError)])
def test_a_bad_message_begins_nothing(message: Any, error: type[Exception]) -> None:
    runtime = create_runtime(desk(), testing=TestingConfig(mock_response="hello"))
    for _ in range(2):
        with pytest.raises(error):
            runtime.query(message, thread_id="t", request_id="r")
        with pytest.raises(error):
            runtime.blocking.run_specialist("clerk", message, thread_id="t", request_id="r")
    assert runtime.blocking.query("hi", thread_id="t", request_id="r").output == "hello"


def test_blocking_waits_in_the_line() -> None:
    gate, begun = threading.Event(), threading.Event()

    @define_tool(access="read")
    def wait() -> int:
        """Wait for the other one to stand in the line."""
        begun.set()
        return int(gate.wait(PATIENCE_S))

    testing = TestingConfig(script={"clerk": [[Calls("wait"), Says("one")], [Says("two")], [Says("three")]]})
    runtime = create_runtime(desk(tools=[wait], stateful=True), testing=testing)

    def ask(**options: Any) -> str:
        return str(runtime.blocking.run_specialist("clerk", "go", thread_id="t", **options).output)

    first = threading.Thread(target=ask, daemon=True)
    first.start()
    assert begun.wait(PATIENCE_S)
    with pytest.raises(ThreadBusy):
        ask()
    threading.Timer(0, gate.set).start()
    assert on_a_thread(lambda: ask(queue=True)) == ["two"]
    assert on_a_thread(ask) == ["three"]


def test_blocking_works_inside_a_running_loop() -> None:
    runtime = clerk_runtime(Calls("read_row", row=1), Says("done"))

    async def whole() -> str:
        return str(runtime.blocking.run_specialist("clerk", "go", thread_id="t").output)

    assert on_a_thread(lambda: within(whole())) == ["done"]


def test_blocking_behind_a_run_of_this_very_loop_is_an_error() -> None:
    runtime = clerk_runtime(*GATED)

    async def whole() -> None:
        first = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(first, "run_paused")
        with pytest.raises(FlowaiError, match="this thread runs the loop"):
            runtime.blocking.run_specialist("clerk", "go", thread_id="t", queue=True)
        first.cancel()

    assert on_a_thread(lambda: within(whole())) == [None]


def test_a_run_cancelled_in_the_line_is_over_at_once_and_leaves_its_place() -> None:
    rows = Rows()
    script = {"clerk": [list(GATED), [Says("two")], [Says("three")]]}
    runtime = create_runtime(desk(stateful=True), rows, testing=TestingConfig(script=script))

    async def whole() -> None:
        first = runtime.run_specialist("clerk", "one", thread_id="t")
        await until(first, "run_paused")
        second = runtime.run_specialist("clerk", "two", thread_id="t", queue=True)
        third = runtime.run_specialist("clerk", "three", thread_id="t", queue=True)
        second.cancel("not needed")
        with pytest.raises(RunCancelled, match="not needed"):
            await second
        assert [event.type for event in second.events] == ["run_cancelled"]
        assert not third.is_finished
        assert third.events == []
        [pending] = runtime.pending_approvals()
        await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")
        assert [(await first).output, (await third).output] == ["done", "three"]

    within(whole())


def test_closing_and_leaving_end_a_run_in_the_line() -> None:
    runtime = clerk_runtime(*GATED)

    async def whole() -> None:
        first = runtime.run_specialist("clerk", "one", thread_id="t")
        await until(first, "run_paused")
        async with runtime.run_specialist("clerk", "two", thread_id="t", queue=True) as second:
            pass
        third = runtime.run_specialist("clerk", "three", thread_id="t", queue=True)
        await runtime.close()
        assert (first.is_finished, second.is_finished, third.is_finished) == (False, True, True)
        first.cancel()

    within(whole())


def test_a_run_in_the_line_begins_however_the_one_before_it_ends() -> None:
    script = {"clerk": [list(GATED), [Says("two")]]}
    runtime = create_runtime(desk(stateful=True), Rows(), testing=TestingConfig(script=script))

    async def whole() -> None:
        first = runtime.run_specialist("clerk", "one", thread_id="t")
        await until(first, "run_paused")
        second = runtime.run_specialist("clerk", "two", thread_id="t", queue=True)
        first.cancel("enough")
        assert (await second).output == "two"

    within(whole())


async def paused(runtime: Runtime) -> tuple[Run[Any], str]:
    """Begin a run that waits for a human, and leave its loop."""
    run = runtime.run_specialist("clerk", "go", thread_id="t")
    await until(run, "run_paused")
    [pending] = runtime.pending_approvals()
    return run, pending.approval_id


def test_a_paused_run_goes_on_in_the_loop_of_whoever_answers() -> None:
    rows = Rows()
    runtime = clerk_runtime(*GATED, services=rows)
    run, approval = within(paused(runtime))

    async def answered() -> str:
        await runtime.respond_to_approval(approval, "approve", principal="ana")
        await turned_until(lambda: run.is_finished)
        return str(run.output)

    assert within(answered()) == "done"
    assert rows.done == ["deleted 1"]


def test_a_paused_run_goes_on_in_the_background_when_nobody_has_a_loop() -> None:
    rows = Rows()
    runtime = clerk_runtime(*GATED, services=rows)
    run, approval = within(paused(runtime))
    runtime.blocking.respond_to_approval(approval, "approve", principal="ana")
    assert on_a_thread(lambda: run.wait().output) == ["done"]
    assert rows.done == ["deleted 1"]


def test_what_a_closed_loop_lost_does_not_lock_the_conversation() -> None:
    gate = asyncio.Event()

    @define_tool(access="read")
    async def wait() -> str:
        """Wait for ever."""
        await gate.wait()
        return "waited"

    script = {"clerk": [[Calls("wait") + Calls("delete_row", row=1), Says("x")], [Says("again")]]}
    tools = [wait, *desk().agent("clerk").tools]  # type: ignore[union-attr]
    runtime = create_runtime(desk(tools=tools, stateful=True), Rows(), testing=TestingConfig(script=script))

    async def begun() -> Any:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "tool_called")
        return run

    run = within(begun())

    async def after() -> str:
        with pytest.raises(RunCancelled, match="as a loop does when it ends"):
            await run
        assert runtime.pending_approvals() == []
        return str((await runtime.run_specialist("clerk", "go", thread_id="t")).output)

    assert within(after()) == "again"


def test_cancelling_a_run_whose_loop_is_closed_ends_it() -> None:
    runtime = clerk_runtime(*GATED)
    within(paused(runtime))

    async def after() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t", queue=True)
        await runtime.close()
        assert run.is_finished

    within(after())
    with pytest.raises(ThreadBusy):
        runtime.run_specialist("clerk", "go", thread_id="t")


def test_a_runtime_closes_over_runs_of_a_dead_loop() -> None:
    gate = asyncio.Event()

    @define_tool(access="read")
    async def wait() -> str:
        """Wait for ever."""
        await gate.wait()
        return "waited"

    testing = TestingConfig(script={"clerk": [Calls("wait"), Says("x")]})
    runtime = create_runtime(desk(tools=[wait]), testing=testing)
    loop = asyncio.new_event_loop()

    async def begun() -> Any:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "tool_called")
        return run

    run = loop.run_until_complete(begun())
    left = asyncio.all_tasks(loop)
    loop.close()

    async def after() -> None:
        async with runtime:
            pass

    within(after())
    assert run.is_finished
    with pytest.raises(RunCancelled):
        _ = run.value
    for task in left:
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    del left
    gc.collect()


WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


@program
def telling() -> Do[Approvals | Clock, list[str]]:
    """Say who it is and where, before and after a human answers."""
    told = [WHO.get(), threading.current_thread().name]
    yield from AwaitApproval("x", {"a": 1})
    told += [WHO.get(), threading.current_thread().name]
    yield from ReadClock()
    return told


def test_an_answer_does_not_run_the_program_in_the_place_of_whoever_gave_it() -> None:
    runtime = create_runtime(desk(), testing=TestingConfig(mock_response="hello"))

    async def whole() -> list[str]:
        WHO.set("ana")
        run = runtime.run_program(telling(), thread_id="t")
        await until(run, "run_paused")
        [pending] = runtime.pending_approvals()

        def answer() -> None:
            WHO.set("bob")
            runtime.blocking.respond_to_approval(pending.approval_id, "approve", principal="bob")

        await asyncio.to_thread(answer)
        found: list[str] = (await run).output
        return found

    here = threading.current_thread().name
    assert within(whole()) == ["ana", here, "ana", here]


class Odd(BaseModel):
    number: int

    @field_validator("number")
    @classmethod
    def known(cls, number: int) -> int:
        return {1: 1}[number]


class OddPlan(BaseModel):
    number: int
    actions: list[str]

    @field_validator("number")
    @classmethod
    def known(cls, number: int) -> int:
        return {1: 1}[number]


def test_a_validator_that_raises_fails_the_call_and_not_the_driver() -> None:
    @define_tool(access="read")
    def use(odd: Odd) -> int:
        """Use it."""
        return odd.number

    plan = define_plan(name="Odd", schema=OddPlan)
    spec = define_runtime(
        tenant=define_tenant("acme", "v1"),
        agents=[
            define_specialist(name="clerk", model="m", prompt="p", tools=[use]),
            define_planner(name="planner", model="m", prompt="p", plan=plan),
        ],
    )
    clerk = [Calls("use", odd={"number": 2}), Says("used")]
    planner = [Calls("store_plan", plan={"number": 2, "actions": []}), Says("planned")]
    used = asked_of(spec, "clerk", clerk)
    [failed] = [event for event in used.events if event.type == "tool_failed"]
    assert (used.output, failed.error.message) == ("used", "`use` could not read its arguments: KeyError: 2")
    assert asked_of(spec, "planner", planner).output == "planned"


def asked_of(spec: Any, name: str, steps: list[Any]) -> Any:
    runtime = create_runtime(spec, testing=TestingConfig(script={name: steps}))
    return on_a_thread(lambda: runtime.blocking.run_specialist(name, "go", thread_id="t"))[0]


def test_one_run_begins_however_many_ask_at_once() -> None:
    runtime = clerk_runtime(*GATED)
    met = threading.Barrier(16)
    begun: list[Any] = []

    def ask() -> None:
        met.wait(PATIENCE_S)
        try:
            begun.append(runtime.run_specialist("clerk", "go", thread_id="t"))
        except ThreadBusy:
            begun.append(None)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE_S)
    assert sorted(each is not None for each in begun) == [False] * 15 + [True]


class Done:
    def __init__(self) -> None:
        self.is_finished = self.finished = True
        self.is_kept = False
        self.session = self

    def left_open(self) -> list[str]:
        return []


def test_named_runs_are_remembered_for_a_time() -> None:
    now = [0.0]
    threads = Threads(lambda: now[0])

    def add(name: str) -> Any:
        run: Any = Done()
        threads.add("acme", None, name, run, run)
        return run

    first = add("first")
    assert threads.joined("acme", "first") is first
    for number in range(NAMED_MAX - 1):
        add(str(number))
    assert threads.joined("acme", "first") is first
    add("one too many")
    assert threads.joined("acme", "first") is None
    now[0] = NAMED_S_MAX + 1
    add("much later")
    assert threads.joined("acme", "one too many") is None
