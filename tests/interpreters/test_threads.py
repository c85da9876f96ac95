"""Whatever other threads do, a run goes on: readers, tools, handlers, and loops that come and go."""

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from flowai import CallTool, Clock, Do, Effect, ReadClock, Sleep, catch, gather, program, pure, race
from flowai.errors import EffectFailed, FlowaiError, RunCancelled, ToolFailed
from flowai.interpreters import Live, Run, Test
from flowai.interpreters.crew import AT_WORK_MAX
from flowai.specs.tool import define_tool

PATIENCE_S = 30


@dataclass(frozen=True)
class Ask(Effect[int]):
    number: int


async def answered(effect: Ask) -> int:
    await asyncio.sleep(0)
    return effect.number


@program
def asking(times: int) -> Do[Ask, int]:
    """Ask many times."""
    total = 0
    for number in range(times):
        total += yield from Ask(number)
    return total


def ended(run: Run[Any]) -> Run[Any]:
    """Wait on a thread of its own, and not for ever."""
    waiting = threading.Thread(target=run.wait, daemon=True)
    waiting.start()
    waiting.join(PATIENCE_S)
    assert run.is_finished, "the run hangs"
    return run


def test_a_run_goes_on_while_others_read_it() -> None:
    for _ in range(10):
        run = Live().handling(Ask, answered).begin(asking(100))
        waiting = threading.Thread(target=run.wait, daemon=True)
        waiting.start()
        while waiting.is_alive() and not run.is_finished:
            assert run.events
        waiting.join(PATIENCE_S)
        assert run.value == sum(range(100))


@define_tool(access="read", timeout_s=PATIENCE_S)
async def awaiting_a_cancelled_task() -> int:
    """Wait for what was cancelled."""
    task = asyncio.ensure_future(asyncio.sleep(0))
    task.cancel()
    await task
    return 1


@define_tool(access="read")
async def cancelling() -> int:
    """Raise a cancellation without waiting."""
    raise asyncio.CancelledError


@define_tool(access="read")
def leaving() -> int:
    """End the process."""
    raise SystemExit(2)


@define_tool(access="read")
async def leaving_async() -> int:
    """End the process, on the loop."""
    await asyncio.sleep(0)
    raise SystemExit(2)


@define_tool(access="read")
def interrupted() -> int:
    """Raise an interrupt."""
    raise KeyboardInterrupt


@define_tool(access="read")
def exhausted() -> int:
    """Raise what a coroutine cannot."""
    raise StopIteration


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@define_tool(access="read")
async def silent() -> int:
    """Raise an error that cannot say what it is."""
    raise SilentError


@define_tool(access="read", timeout_s=PATIENCE_S)
async def out_of_time() -> int:
    """Raise a timeout of its own, without a word."""
    await asyncio.sleep(0)
    raise TimeoutError


RAISED = {
    awaiting_a_cancelled_task: "raised CancelledError",
    cancelling: "raised CancelledError",
    leaving: "raised SystemExit: 2",
    leaving_async: "raised SystemExit: 2",
    interrupted: "raised KeyboardInterrupt",
    exhausted: "StopIteration",
    silent: "raised SilentError",
    out_of_time: "raised TimeoutError",
}


@pytest.mark.parametrize("tool", RAISED, ids=lambda tool: tool.name)
@pytest.mark.parametrize("interpreter", [Live(), Test()], ids=["live", "test"])
def test_whatever_a_tool_raises_is_its_failure(tool: Any, interpreter: Any) -> None:
    run = ended(interpreter.begin(CallTool(tool)))
    with pytest.raises(ToolFailed, match=RAISED[tool]) as caught:
        _ = run.value
    assert caught.value.tool == tool.name
    assert caught.value.__cause__ is not None
    assert ended(Live().begin(Sleep(0))).value is None


def handler_cancelling(_: Ask) -> int:
    raise asyncio.CancelledError


async def handler_cancelling_later(_: Ask) -> int:
    raise asyncio.CancelledError


@pytest.mark.parametrize("handler", [handler_cancelling, handler_cancelling_later])
def test_a_cancellation_out_of_a_handler_is_its_failure(handler: Any) -> None:
    with pytest.raises(EffectFailed, match="the handler of `Ask` raised CancelledError") as caught:
        _ = ended(Live().handling(Ask, handler).begin(Ask(1))).value
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)


def test_a_handler_may_give_something_to_await() -> None:
    assert Live().handling(Ask, lambda effect: answered(effect)).run(asking(3)).value == 3  # noqa: PLW0108
    assert Test().handling(Ask, lambda effect: answered(effect)).run(gather(Ask(1), Ask(1))).value == (1, 1)  # noqa: PLW0108


def test_what_was_given_to_await_is_closed_when_nobody_wants_it() -> None:
    live = Live().handling(Ask, lambda effect: answered(effect))  # noqa: PLW0108
    assert live.run(race(Ask(1), pure(2))).value == 2
    run = live.begin(Ask(1))
    run.cancel()
    assert run.is_finished


class Cancelled(Exception):
    pass


class LimitReached(EffectFailed):
    pass


@pytest.mark.parametrize("error", [Cancelled("mine"), LimitReached("mine")], ids=["Cancelled", "LimitReached"])
def test_an_error_of_the_users_is_not_known_by_its_name(error: Exception) -> None:
    def raising(_: Ask) -> int:
        raise error

    with pytest.raises(type(error)) as caught:
        _ = Test().handling(Ask, raising).run(Ask(1)).value
    assert caught.value is error
    assert Test().handling(Ask, raising).run(catch(Ask(1), lambda _: pure(7))).value == 7


def test_reading_an_error_often_does_not_lengthen_it() -> None:
    def raising(_: Ask) -> int:
        raise ValueError("mine")

    run = Test().handling(Ask, raising).run(Ask(1))
    lengths = {_length(run) for _ in range(5)}
    assert len(lengths) == 1


def _length(run: Run[Any]) -> int:
    with pytest.raises(ValueError, match="mine") as caught:
        _ = run.value
    return len(caught.traceback)


@define_tool(access="read", timeout_s=PATIENCE_S)
def inner() -> int:
    """Return at once."""
    return 1


@define_tool(access="read", timeout_s=PATIENCE_S)
def outer() -> int:
    """Run another program on a thread of the crew."""
    return Live().run(CallTool(inner)).value


def test_tools_that_wait_for_runs_of_their_own_leave_room() -> None:
    many = 2 * AT_WORK_MAX
    run = ended(Live().begin(gather(*[CallTool(outer) for _ in range(many)])))
    assert run.value == (1,) * many


def test_stuck_tools_are_replaced() -> None:
    let_go = threading.Event()

    @define_tool(access="read", timeout_s=0.001)
    def stuck() -> int:
        """Wait far too long."""
        return int(let_go.wait(PATIENCE_S))

    @program
    def patient() -> Do[Any, int]:
        yield from gather(*[catch(CallTool(stuck), lambda _: pure(0)) for _ in range(2 * AT_WORK_MAX)])
        return (yield from CallTool(inner))

    try:
        assert ended(Live().begin(patient())).value == 1
    finally:
        let_go.set()


def test_a_tool_has_its_whole_time_from_when_it_begins() -> None:
    # Only so many begin at once: the others would be out of time before they began.
    gate = threading.Barrier(AT_WORK_MAX)

    @define_tool(access="read", timeout_s=PATIENCE_S)
    def meeting() -> int:
        """Wait for as many as may be at work."""
        gate.wait(PATIENCE_S)
        return 1

    run = ended(Live().begin(gather(*[CallTool(meeting) for _ in range(3 * AT_WORK_MAX)])))
    assert run.value == (1,) * (3 * AT_WORK_MAX)


def test_a_run_cannot_be_waited_for_on_the_loop_that_it_needs() -> None:
    @define_tool(access="read", timeout_s=PATIENCE_S)
    async def nested() -> int:
        """Wait on the loop in the background for something on it."""
        await asyncio.sleep(0)
        Live().run(Sleep(60))
        return 1

    with pytest.raises(ToolFailed, match="this thread runs the loop that the run needs"):
        _ = ended(Live().begin(CallTool(nested))).value

    async def main() -> None:
        async with Live().begin(Sleep(60)) as run:
            with pytest.raises(FlowaiError, match="this thread runs the loop") as caught:
                run.wait()
            assert caught.value.hint is not None
            assert "await" in caught.value.hint

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def test_a_waiter_on_another_loop_hears_of_the_end_of_the_first() -> None:
    begun, waiting = threading.Event(), threading.Event()
    runs: list[Run[Any]] = []

    async def first() -> None:
        runs.append(Live().begin(Sleep(600)))
        await runs[0].__aenter__()
        begun.set()
        await asyncio.to_thread(waiting.wait, PATIENCE_S)

    async def second() -> None:
        ending = asyncio.ensure_future(runs[0]._finished())  # pyright: ignore[reportPrivateUsage]
        await asyncio.sleep(0)
        waiting.set()
        with pytest.raises(RunCancelled, match="the loop that drove the run is closed"):
            await asyncio.wait_for(ending, PATIENCE_S)

    driving = threading.Thread(target=lambda: asyncio.run(first()), daemon=True)
    driving.start()
    assert begun.wait(PATIENCE_S)
    asyncio.run(second())
    driving.join(PATIENCE_S)


def test_a_reader_on_another_loop_misses_nothing() -> None:
    run = Live().handling(Ask, answered).begin(asking(200))
    driving = threading.Thread(target=run.wait, daemon=True)
    driving.start()

    async def read() -> list[str]:
        return [event.type async for event in run]

    told = asyncio.run(asyncio.wait_for(read(), PATIENCE_S))
    driving.join(PATIENCE_S)
    assert (told[0], told[-1], len(told)) == ("run_started", "run_finished", 2 + 2 * 200)


def test_a_run_under_way_keeps_its_own_context() -> None:
    from contextvars import ContextVar

    who: ContextVar[str] = ContextVar("who", default="nobody")

    @program
    def changing() -> Do[Clock, str]:
        who.set("inside")
        yield from ReadClock()
        return who.get()

    assert Test().run(changing()).value == "inside"
    assert who.get() == "nobody"


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_no_clock_can_sleep_so(seconds: float) -> None:
    with pytest.raises(FlowaiError, match="a sleep of"):
        Sleep(seconds)
