"""One step of an agent as a program: a model's turn, the calls it asks for, and what they came to."""

from typing import Any

import pytest

from flowai import (
    Approvals,
    CallModel,
    Do,
    LoadRef,
    Models,
    References,
    Tools,
    agent_step,
    gather,
    program,
    retry,
)
from flowai.errors import ModelUnavailable, ProgramError, ScriptMismatch, UndeclaredEffect
from flowai.interpreters import Eval, Live, Test
from flowai.interpreters.interpreter import Interpreter
from flowai.specs.handle import Handle
from flowai_harness import Approve, Calls, Reject, Says, create_runtime, define_specialist, define_tool
from tests.harness.desk import Rows, desk, of

done: list[str] = []
GO: Any = [{"role": "user", "content": "go"}]


@define_tool(access="read")
def read(row: int) -> str:
    """Read a row."""
    done.append(f"read {row}")
    return f"row {row}"


@define_tool(access="write_once", approval="always")
async def wipe(row: int) -> str:
    """Wipe a row."""
    done.append(f"wiped {row}")
    return "gone"


@define_tool(access="read", max_result_bytes=100)
def everything(letter: str) -> str:
    """Read all."""
    return letter * 5_000


clerk = define_specialist(name="clerk", model="m", prompt="Keep rows.", tools=[read, wipe, everything])
TWO = Says("both") + Calls("read", row=1) + Calls("read", row=2)


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    done.clear()


def gateway(call: CallModel[Any]) -> Any:
    """Call for two rows where nothing was read yet, else say what was."""
    messages = call.messages or ()
    seen = [each["content"] for each in messages if each["role"] == "tool"]
    if seen:
        return " ".join(seen)
    return {"tool_calls": [{"id": f"c{row}", "name": "read", "arguments": {"row": row}} for row in (1, 2)]}


def live() -> Interpreter[Any]:
    asking: type[CallModel[Any]] = CallModel
    return Live().handling(asking, gateway)


@pytest.mark.parametrize("interpreter", [Test(script=[TWO]), Eval(Test(script=[TWO])), live(), Eval(live())])
def test_a_step_answers_with_the_messages_it_adds(interpreter: Interpreter[Any]) -> None:
    run = interpreter.run(agent_step(clerk, GO))
    said, *heard = run.value
    assert said["role"] == "assistant"
    assert [each["arguments"] for each in said["tool_calls"]] == [{"row": 1}, {"row": 2}]
    assert [(each["role"], each["content"], each["is_error"]) for each in heard] == [
        ("tool", "row 1", False),
        ("tool", "row 2", False),
    ]
    assert [each["call_id"] for each in heard] == [each["id"] for each in said["tool_calls"]]
    assert sorted(done) == ["read 1", "read 2"]
    assert len(of(run, "model_called")) == 1


@program
def stepping(limit: int) -> Do[Models | Tools | Approvals | References, str]:
    """Step until the agent calls nothing more: an agent's loop, written by hand."""
    messages = list(GO)
    for _ in range(limit):
        added = yield from agent_step(clerk, messages)
        messages.extend(added)
        if not added[0]["tool_calls"]:
            return str(added[0]["text"])
    return "not done"


@pytest.mark.parametrize("interpreter", [Test(script=[TWO, Says("row 1 row 2")]), live()])
def test_steps_in_a_loop_are_an_agent(interpreter: Interpreter[Any]) -> None:
    assert interpreter.run(stepping(3)).value == "row 1 row 2"


def test_a_recorded_step_is_replayed_without_model_and_tools() -> None:
    first = Eval(live()).run(stepping(3))
    done.clear()
    again = Eval(Live()).replay(first.recording).run(stepping(3))
    assert again.value == first.value
    # The end is told by the clock of whoever tells it.
    told, before = ([event.model_dump(exclude={"at"}) for event in run.events] for run in (again, first))
    assert told == before
    assert done == []


def test_the_model_sees_the_agents_prompt_and_the_whole_conversation() -> None:
    seen: list[Any] = []

    def listening(call: CallModel[Any]) -> str:
        seen.extend((each["role"], each.get("text")) for each in call.messages or ())
        return "x"

    asking: type[CallModel[Any]] = CallModel
    told = [*GO, {"role": "assistant", "content": "what?"}, {"role": "user", "content": "rows"}]
    Test().handling(asking, listening).run(agent_step(clerk, told))
    assert seen == [("system", "Keep rows."), ("user", "go"), ("assistant", "what?"), ("user", "rows")]


@pytest.mark.parametrize(
    ("decision", "wiped", "content", "is_error"),
    [(Approve(), ["wiped 1"], "gone", False), (Approve(edits={"row": 7}), ["wiped 7"], "gone", False)],
)
def test_an_approval_stands_between_a_call_and_its_tool(
    decision: Approve, wiped: list[str], content: str, *, is_error: bool
) -> None:
    run = Test(script=[Calls("wipe", row=1)], decisions=[decision]).run(agent_step(clerk, GO))
    assert (run.value[1]["content"], run.value[1]["is_error"]) == (content, is_error)
    assert done == wiped
    kinds = [each.type for each in of(run, "approval_required", "approval_resolved", "tool_called")]
    assert kinds == ["approval_required", "approval_resolved", "tool_called"]


def test_a_refused_call_is_told_to_the_model_and_its_siblings_run() -> None:
    script = [Calls("wipe", row=1) + Calls("read", row=2)]
    run = Test(script=script, decisions=[Reject("too risky")]).run(agent_step(clerk, GO))
    _, refused, read_ = run.value
    assert refused["is_error"]
    assert "too risky" in str(refused["content"])
    assert (read_["content"], done) == ("row 2", ["read 2"])


def test_an_approval_that_nobody_answers_is_an_error_of_the_script() -> None:
    with pytest.raises(ScriptMismatch, match="nobody answers the approval"):
        _ = Test(script=[Calls("wipe", row=1)]).run(agent_step(clerk, GO)).value
    assert done == []


@program
def read_back() -> Do[Models | Tools | Approvals | References, Any]:
    """Take a step whose result is large, and load the result."""
    added = yield from agent_step(clerk, GO)
    shown = added[1]["content"]
    return shown, (yield from LoadRef(Handle.parse(shown["reference"])))


def test_a_large_result_becomes_a_reference() -> None:
    run = Test(script=[Calls("everything", letter="x")]).run(read_back())
    shown, value = run.value
    assert value == "x" * 5_000
    assert shown["bytes"] == 5_002
    assert len(str(shown["glimpse"])) < 2_000
    assert [each.kind for each in of(run, "reference_stored")] == ["ToolResult"]
    assert shown["read_with"] == "read_result"


def test_a_large_result_is_read_back_in_the_next_step() -> None:
    steps = [
        Calls("everything", letter="x"),
        Calls("read_result", handle=lambda seen: str(seen.ref("ToolResult")), offset=4_990, limit=100),
        Says("read"),
    ]
    run = Test(script=steps).run(stepping(4))
    assert run.value == "read"
    assert len(of(run, "reference_hydrated")) == 1


def test_what_is_wrong_with_a_call_is_told_to_the_model() -> None:
    script = [Calls("read", row="many") + Calls("raed", row=1)]
    _, wrong, unknown = Test(script=script).run(agent_step(clerk, GO)).value
    assert (wrong["is_error"], unknown["is_error"]) == (True, True)
    assert "row" in str(wrong["content"])
    assert "there is no tool `raed`" in str(unknown["content"])
    assert done == []


def test_a_step_is_drawn_before_it_runs() -> None:
    drawn = str(agent_step(clerk, GO).tree())
    places = [drawn.index(each) for each in ("CallModel m", "[AwaitApproval]", "CallTool read", "StoreRef")]
    assert places == sorted(places)


def test_a_step_declares_what_it_may_ask() -> None:
    assert agent_step(clerk, GO).effects() == frozenset({Models, Tools, Approvals, References})


@program
def narrow() -> Do[Models, Any]:
    """Declare less than a step asks."""
    return (yield from agent_step(clerk, GO))  # type: ignore[misc]  # pyright: ignore[reportReturnType]


def test_a_step_in_too_narrow_a_row_is_an_error() -> None:
    with pytest.raises(UndeclaredEffect, match="program `narrow` asks `AgentStep`"):
        _ = Test(script=[TWO]).run(narrow()).value


def test_steps_compose_like_any_program() -> None:
    both = gather(agent_step(clerk, GO), agent_step(clerk, GO))
    assert [len(each) for each in Test(mock_response="x").run(both).value] == [1, 1]
    with pytest.raises(ProgramError, match="`retry` may not repeat `wipe`"):
        retry(agent_step(clerk, GO), attempts=2)
    reader = define_specialist(name="reader", model="m", prompt="Read.", tools=[read])
    flaky = retry(agent_step(reader, GO), attempts=2)
    run = Test(script=[Says("x")], faults={"m": ModelUnavailable("down")}).run(flaky)
    assert run.value[0]["text"] == "x"


def test_equal_steps_are_equal_values() -> None:
    assert agent_step(clerk, GO) == agent_step(clerk, list(GO))
    assert agent_step(clerk, GO) != agent_step(clerk, [])


def test_a_step_of_a_runtimes_agent_follows_the_runtimes_policy() -> None:
    spec = desk(approval={"tools": "always"})
    own = spec.agent("clerk")
    assert own is not None
    test = Test(script=[Calls("read_row", row=1)], decisions=[Approve()])
    runtime = create_runtime(spec, Rows(), interpreter=test)
    run = runtime.run_program(agent_step(own, GO), thread_id="t").wait()
    assert [each.rule for each in of(run, "approval_required")] == ["runtime: always"]
    assert run.value[1]["content"] == "row 1"
