"""Faults: what goes wrong in a test, at a chosen place."""

import asyncio
from typing import Any

import pytest

from flowai import (
    AwaitApproval,
    CallModel,
    CallTool,
    Do,
    Models,
    Sleep,
    Tools,
    catch,
    ensure,
    gather,
    program,
    pure,
    retry,
    timeout,
)
from flowai.errors import (
    Crashed,
    EffectFailed,
    ModelFailed,
    ModelUnavailable,
    RunCancelled,
    ScriptMismatch,
    SpecError,
    TimedOut,
    ToolFailed,
)
from flowai.interpreters import Crashes, Delays, Eval, Hangs, Test
from flowai_harness import Calls, Fails, Says, TestingConfig, create_runtime, define_tool
from tests.harness.desk import Rows, asked, desk, of, turned_until

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


def test_what_hangs_for_ever_ends_the_run() -> None:
    hanging = Test(script=[], faults={"CallModel": Hangs()})
    with pytest.raises(ScriptMismatch, match=r"`CallModel` at position 0 hangs"):
        _ = hanging.run(CallModel("m", prompt="x")).value
    with pytest.raises(ScriptMismatch, match="hangs"):
        _ = Eval(hanging).run(CallModel("m", prompt="x")).value


def test_what_hangs_waits_for_everyone_else_first() -> None:
    beside = gather(CallTool(look, at=1), CallModel("m", prompt="x"), Sleep(60), CallTool(look, at=2))
    run = Test(script=[], faults={"CallModel": Hangs()}).run(beside)
    with pytest.raises(ScriptMismatch, match=r"at position 0\.1\.0 hangs"):
        _ = run.value
    assert sorted(done) == ["look 1", "look 2"]
    assert run.events[-1].at - run.events[0].at == 60_000


def test_what_hangs_in_a_runtime_waits_for_whoever_may_cancel_it() -> None:
    faults: Any = {"CallModel": Hangs()}
    runtime = create_runtime(desk(), Rows(), testing=TestingConfig(script=[], faults=faults))

    async def whole() -> None:
        asking = gather(AwaitApproval("sure?", subject=1), CallModel("m", prompt="x"))
        run = runtime.run_program(asking, thread_id="t")
        await turned_until(lambda: bool(runtime.pending_approvals()))
        for _ in range(20):
            await asyncio.sleep(0)
        [pending] = runtime.pending_approvals()
        await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")
        for _ in range(20):
            await asyncio.sleep(0)
        run.cancel("enough")
        with pytest.raises(RunCancelled):
            await run

    asyncio.run(asyncio.wait_for(whole(), 20))


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


@pytest.mark.parametrize("trouble", [ModelUnavailable("down"), [Fails(ModelUnavailable("down"))]])
def test_a_fault_strikes_a_model_by_its_name(trouble: Any) -> None:
    other = catch(CallModel("m", prompt="x"), lambda _: CallModel("n", prompt="x"), on=ModelUnavailable)
    run = Test(script=["from n"], faults={"m": trouble}).run(other)
    assert run.value == "from n"
    assert [each.model for each in of(run, "model_called")] == ["m", "n"]


def test_what_fails_a_model_without_a_class_is_a_failed_model() -> None:
    with pytest.raises(ModelFailed, match="odd"):
        _ = Test(script=[], faults={"m": [Fails("odd")]}).run(both()).value


@pytest.mark.parametrize(("fault", "error"), [(Crashes(), Crashed), (Hangs(), TimedOut), (Delays(9_000), TimedOut)])
def test_any_fault_strikes_a_tool_by_its_name(fault: Any, error: type[Exception]) -> None:
    run = Test(faults={"look": fault}).run(timeout(CallTool(look, at=1), seconds=8))
    with pytest.raises(error):
        _ = run.value


@pytest.mark.parametrize("place", ["look", "CallTool"])
def test_a_tool_may_take_its_time(place: str) -> None:
    run = Test(faults={place: [Delays(1_000), Delays(50)]}).run(gather(CallTool(look, at=1), CallTool(look, at=2)))
    assert run.value == (1, 2)
    assert sorted(each.at - run.events[0].at for each in of(run, "tool_answered")) == [50, 1_000]


def test_a_tool_fails_with_what_was_scripted_as_the_cause() -> None:
    with pytest.raises(ToolFailed, match="`look` raised OSError: gone") as caught:
        _ = Test(script=[], faults={"look": [Fails(OSError("gone"))]}).run(CallTool(look, at=1)).value
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.tool == "look"


def test_a_recorded_fault_is_replayed() -> None:
    first = Test(faults={"look": Fails(OSError("gone"))}).run(CallTool(look, at=1))
    again = Eval(Test()).replay(first.recording).run(CallTool(look, at=1))
    assert [event.model_dump() for event in again.events] == [event.model_dump() for event in first.events]


@pytest.mark.parametrize(
    ("place", "hint"), [("lok", "did you mean `look`?"), ("CallModle", "did you mean `CallModel`?"), ("zzz", "known")]
)
def test_a_fault_that_strikes_nothing_is_an_error(place: str, hint: str) -> None:
    with pytest.raises(ScriptMismatch, match=f"the fault on `{place}` struck nothing") as caught:
        _ = Test(script=["a"], faults={place: Hangs()}).run(both()).value
    assert hint in str(caught.value.hint)


def test_a_failure_that_is_left_over_is_an_error() -> None:
    left: Any = {"look": [Fails("a"), Fails("b")]}
    with pytest.raises(ScriptMismatch, match="1 more faults on `look` struck nothing"):
        _ = Test(faults=left).run(catch(CallTool(look, at=1), lambda _: pure(0))).value


def test_faults_may_be_given_for_each_query() -> None:
    script = {"clerk": [Calls("read_row", row=1), Says("x")]}
    testing = TestingConfig(script=script, faults=[None, {"read_row": Fails("broke")}])
    runtime = create_runtime(desk(), Rows(), testing=testing)
    answered = [[each.type for each in of(asked(runtime), "tool_answered", "tool_failed")] for _ in range(3)]
    assert answered == [["tool_answered"], ["tool_failed"], ["tool_answered"]]
