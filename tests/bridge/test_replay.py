"""What ran in real time is replayed in none, and goes on in real time."""

from __future__ import annotations

import asyncio

from flowai import CallTool, Chance, Clock, Do, DrawNumber, ReadClock, Sleep, Tools, gather, program, race, timeout
from flowai.errors import TimedOut
from flowai.interpreters import Eval, Live, Test
from flowai.specs.tool import define_tool


@define_tool
async def turn(number: int) -> int:
    """Let others go first."""
    await asyncio.sleep(0)
    return number


@program
def busy() -> Do[Clock | Tools | Chance, str]:
    """Wait in every way there is."""
    drawn = yield from gather(Sleep(0.01), CallTool(turn, 10), Sleep(0.002), DrawNumber(1, 9))
    won = yield from race(CallTool(turn, 30), Sleep(5))
    done = yield from timeout(CallTool(turn, 5), 10)
    try:
        yield from timeout(Sleep(9), 0.01)
    except TimedOut:
        return f"{drawn} {won} {done} {yield from ReadClock()}"
    return "never"


def test_a_replay_takes_no_time() -> None:
    for _ in range(5):
        first = Live().run(busy())
        again = Eval(Live()).replay(first.recording).run(busy())
        assert again.value == first.value
        assert [event.type for event in again.events] == [event.type for event in first.events]


def test_a_run_in_virtual_time_goes_on_live_wherever_it_was_cut() -> None:
    whole = Test().run(busy()).recording
    for count in range(len(whole) + 1):
        rest = Eval(Live()).replay(whole.until(count), goes_on=True).run(busy())
        assert rest.value.startswith("(None, 10, None, ")
        assert len(rest.recording) == len(whole)


def test_a_live_run_goes_on_from_its_beginning_and_its_end() -> None:
    whole = Live().run(busy()).recording
    for count in (0, len(whole)):
        rest = Eval(Live()).replay(whole.until(count), goes_on=True).run(busy())
        assert rest.value.startswith("(None, 10, None, ")
