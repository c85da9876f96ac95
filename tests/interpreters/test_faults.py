"""Faults: what goes wrong in a test, at a chosen place."""

from typing import Any

import pytest

from flowai import CallModel, CallTool, Do, Models, Sleep, Tools, catch, ensure, gather, program, pure, retry, timeout
from flowai.errors import Crashed, EffectFailed, ModelUnavailable, SpecError, TimedOut, ToolFailed
from flowai.interpreters import Crashes, Delays, Hangs, Test
from flowai_harness import Calls, Fails, Says, TestingConfig, create_runtime, define_tool
from tests.harness.desk import Rows, asked, desk, of

done: list[str] = []


@define_tool(access="read")
def look(at: int) -> int:
    """Look."""
    done.append(f"look {at}")
    return at


@program
def both() -> Do[Models | Tools, str]:
    said = yield from CallModel("m", prompt="x")
    seen = yield from CallTool(look, at=3)
    return f"{said} {seen}"


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    done.clear()


@pytest.mark.parametrize("place", ["0", "CallModel"])
def test_an_error_strikes_at_a_position_or_an_effect(place: str) -> None:
    with pytest.raises(ModelUnavailable, match="down"):
        _ = Test(script=[], faults={place: ModelUnavailable("down")}).run(both()).value
    assert done == []


def test_a_tool_fails_without_being_called() -> None:
    with pytest.raises(ToolFailed, match="broke"):
        _ = Test(script=["a"], faults={"1": ToolFailed("broke")}).run(both()).value
    assert done == []


def test_a_fault_strikes_once() -> None:
    flaky = retry(CallModel("m", prompt="x"), attempts=2)
    assert Test(script=["fine"], faults={"CallModel": Fails(ModelUnavailable("down"))}).run(flaky).value == "fine"


def test_a_hanging_effect_ends_at_a_time_limit() -> None:
    with pytest.raises(TimedOut):
        _ = Test(script=[], faults={"CallModel": Hangs()}).run(timeout(CallModel("m", prompt="x"), seconds=5)).value


def test_a_delay_is_virtual() -> None:
    run = Test(script=["a"], faults={"CallModel": Delays(60_000)}).run(both())
    assert run.value == "a 3"
    assert run.events[-1].at - run.events[0].at == 60_000


def test_a_delay_past_a_limit_is_too_late() -> None:
    late = timeout(CallModel("m", prompt="x"), seconds=5)
    with pytest.raises(TimedOut):
        _ = Test(script=["a"], faults={"CallModel": Delays(6_000)}).run(late).value


@pytest.mark.parametrize(("before", "seen"), [(True, []), (False, ["look 3"])])
def test_a_crash_cleans_nothing_up(seen: list[str], *, before: bool) -> None:
    guarded = ensure(both(), CallTool(look, at=9))
    run = Test(script=["a"], faults={"CallTool": Crashes(before=before)}).run(guarded)
    with pytest.raises(Crashed, match="scripted crash"):
        _ = run.value
    assert done == seen
    caught = catch(both(), lambda _: pure("caught"))
    with pytest.raises(Crashed):
        _ = Test(script=["a"], faults={"CallTool": Crashes(before=before)}).run(caught).value


def test_the_first_calls_of_a_tool_fail_by_its_name() -> None:
    failing: Any = {"read_row": [Fails("broke"), Fails(OSError("gone"))]}
    script = {"clerk": [*[Calls("read_row", row=row) for row in (1, 2, 3)], Says("x")]}
    rows = Rows()
    runtime = create_runtime(desk(), rows, testing=TestingConfig(script=script, faults=failing))
    for _ in range(2):
        rows.done.clear()
        run = asked(runtime)
        assert [each.type for each in of(run, "tool_answered", "tool_failed")] == [
            "tool_failed",
            "tool_failed",
            "tool_answered",
        ]
        assert rows.done == ["read 3"]


def test_a_fault_in_a_runtime_reaches_the_agent() -> None:
    script = {"clerk": [Calls("read_row", row=1), Says("x")]}
    testing = TestingConfig(script=script, faults={"CallTool": ToolFailed("broke")})
    run = asked(create_runtime(desk(), Rows(), testing=testing))
    assert run.output == "x"
    assert [each.error.message for each in of(run, "tool_failed")] == ["broke"]


@pytest.mark.parametrize(
    "faults",
    [[], {"CallTool": 3}, {"CallTool": []}, {"CallTool": ["broke"]}, {"": Hangs()}, {2: Hangs()}, {"2": "broke"}],
)
def test_what_is_no_fault_is_refused(faults: Any) -> None:
    with pytest.raises(SpecError, match="faults"):
        TestingConfig(faults=faults)
    with pytest.raises(SpecError, match="faults"):
        Test(faults=faults)


def test_a_delay_is_no_way_back() -> None:
    with pytest.raises(ValueError, match="time only goes forward"):
        Delays(-1)


def test_a_fault_of_an_unknown_class_is_an_effect_that_failed() -> None:
    with pytest.raises(EffectFailed, match="odd"):
        _ = Test(script=[], faults={"CallModel": ZeroDivisionError("odd")}).run(both()).value


def test_virtual_time_passes_at_once() -> None:
    run = Test().run(gather(Sleep(3_600), Sleep(7_200)))
    assert run.events[-1].at - run.events[0].at == 7_200_000
