"""Row 5: what is read is JSON and nothing else: no pickles, constructors, lone surrogates or endless depth."""

import asyncio
import json
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowai import CallModel, CallTool, Effect, pure
from flowai.errors import FlowaiError, StorageError, ToolFailed, ValueNotJson
from flowai.events import parse_event
from flowai.interpreters import Eval, Live, Recording, Test
from flowai_harness import Calls, Says, TestingConfig, create_runtime, define_tool
from tests.harness.desk import Rows, asked, clerk_runtime, desk, of

fired: list[str] = []


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (fired.append, ("bomb",))


OBJECTS: list[Any] = [
    {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {"command": "id"}},
    {"__class__": "Bomb", "__module__": __name__},
    {"py/object": "tests.security.Bomb"},
    {"$type": "System.Diagnostics.Process"},
]
PAYLOADS: list[Any] = [pickle.dumps(Bomb()), *OBJECTS]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_no_event_and_no_recording(payload: Any) -> None:
    with pytest.raises(ValueNotJson):
        parse_event(payload)
    if payload in OBJECTS:
        with pytest.raises(StorageError):
            _ = Eval(Test(script=[])).replay(Recording(payload)).run(CallModel("m", prompt="x")).value
    assert fired == []


@pytest.mark.parametrize("payload", OBJECTS)
def test_a_payload_in_a_models_arguments_stays_data(payload: Any) -> None:
    run = asked(clerk_runtime(Calls("read_row", {"row": payload}), Says("x")))
    assert of(run, "tool_called") == []
    assert fired == []


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_whatever_is_read_as_an_event_is_an_event_or_a_typed_error(written: str | bytes) -> None:
    with pytest.raises(ValueNotJson):
        parse_event(written)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=12,
    )
)
def test_a_recording_of_anything_is_replayed_or_refused(written: Any) -> None:
    try:
        _ = Eval(Test(script=[])).replay(Recording(written)).run(CallModel("m", prompt="x")).value
    except FlowaiError:
        return
    pytest.fail("something that is no recording was replayed")


RECORDED: dict[str, Any] = {
    "version": 1,
    "run_id": "r",
    "thread_id": None,
    "tenant": "",
    "started_at": 0,
    "entries": [],
}


@pytest.mark.parametrize(
    "written",
    [
        "x", [], None, 3, {}, {"entries": []},
        {**RECORDED, "version": "1"}, {**RECORDED, "version": 99}, {**RECORDED, "run_id": None},
        {**RECORDED, "entries": {}}, {**RECORDED, "entries": [1]}, {**RECORDED, "entries": [{"record": "asked"}]},
        {**RECORDED, "started_at": 2**70}, {**RECORDED, "more": 1},
    ],
)  # fmt: skip
def test_a_malformed_recording_is_a_typed_error(written: Any) -> None:
    with pytest.raises(StorageError):
        _ = Eval(Test()).replay(Recording(written)).run(pure(1)).value
    with pytest.raises(StorageError):
        _ = Eval(Test()).replay(written)
    with pytest.raises(StorageError):
        _ = Eval(Test()).replay(Recording.from_json(json.dumps(written))).run(pure(1)).value


@pytest.mark.parametrize("written", ["", "{", "[" * 100_000, "NaN"])
def test_what_is_no_json_is_no_recording(written: str) -> None:
    with pytest.raises(StorageError):
        Recording.from_json(written)


def test_a_lone_surrogate_in_an_answer_is_never_passed_on() -> None:
    def gateway(_: Any) -> Any:
        return {"text": "a\ud800b", "tool_calls": []}

    live: Any = Live()
    runtime = create_runtime(desk(), Rows(), interpreter=live.handling(CallModel, gateway))
    run = asked_of(runtime)
    with pytest.raises(ValueNotJson, match=r"\$\.text"):
        _ = run.value
    json.dumps([event.model_dump(mode="json") for event in run.events]).encode()


def asked_of(runtime: Any) -> Any:
    async def whole() -> Any:
        run = runtime.run_specialist("clerk", "go")
        async for _ in run:
            pass
        return run

    return asyncio.run(whole())


def test_a_lone_surrogate_from_python_is_an_error() -> None:
    with pytest.raises(FlowaiError):
        _ = Test(script=["x"]).run(CallModel("m", prompt="a\ud800b")).value


@define_tool(access="read")
def half(text: str) -> str:
    """Give a text that no encoding takes."""
    return text + "\ud800"


@define_tool(access="read")
def halves(text: str) -> list[str]:
    """Give several."""
    return [text, text + "\ud800"]


@dataclass(frozen=True)
class AskOracle(Effect[str]):
    """Ask what nobody knows."""

    question: str


def at_once(_: AskOracle) -> str:
    return "\ud800"


async def slowly(_: AskOracle) -> str:
    await asyncio.sleep(0)
    return "\ud800"


@pytest.mark.parametrize("tool", [half, halves])
def test_a_lone_surrogate_from_a_tool_reaches_nobody(tool: Any) -> None:
    run = Eval(Test()).run(CallTool(tool, text="ä"))
    with pytest.raises(ToolFailed, match="lone surrogate"):
        _ = run.value
    replayed = Eval(Test()).replay(Recording.from_json(run.recording.to_json())).run(CallTool(tool, text="ä"))
    assert type(replayed.result.failure()) is ToolFailed
    json.dumps([event.model_dump(mode="json") for event in run.events]).encode()
    told = asked(clerk_runtime(Calls(tool, text="ä"), Says("sorry"), tools=[tool]))
    assert told.output == "sorry"
    assert len(of(told, "tool_failed")) == 1


@pytest.mark.parametrize("handler", [at_once, slowly])
def test_a_lone_surrogate_from_a_handler_reaches_nobody(handler: Any) -> None:
    run = Eval(Test().handling(AskOracle, handler)).run(AskOracle("why"))
    with pytest.raises(ValueNotJson, match="lone surrogate"):
        _ = run.value
    Recording.from_json(run.recording.to_json())


LONG = (2**63, 2**64 - 1, 2**64, 2**70, -(2**63) - 1, -(2**64), 2**128, 2**200)


@define_tool(access="read")
def same(number: int) -> int:
    """Give a number back."""
    return number


@pytest.mark.parametrize("number", LONG)
def test_an_integer_of_any_length_is_recorded_and_replayed(number: int) -> None:
    first = Eval(Test()).run(CallTool(same, number=number))
    assert first.value == number
    recording = Recording.from_json(first.recording.to_json())
    assert Eval(Test()).replay(recording).run(CallTool(same, number=number)).value == number


@pytest.mark.parametrize("number", LONG)
def test_an_integer_of_any_length_is_remembered_by_an_agent(number: int) -> None:
    script = {"clerk": [Calls(same, number=number), Says("done"), Says("again")]}
    spec = desk(tools=[same], stateful=True)
    runtime = create_runtime(spec, Rows(), interpreter=Eval(Test(script=script["clerk"][:2])))
    run = runtime.blocking.run_specialist("clerk", "go", thread_id="t")
    assert of(run, "tool_answered")[0].result == number
    again = create_runtime(spec, Rows(), interpreter=Eval(Test()).replay(run.recording))
    assert again.blocking.run_specialist("clerk", "go", thread_id="t").value == "done"


def test_an_integer_of_any_length_stays_in_the_history() -> None:
    seen: list[Any] = []
    call = Calls(same, number=lambda so_far: (seen.append(so_far.messages), 2**64)[1])
    runtime = create_runtime(
        desk(tools=[same], stateful=True), Rows(), testing=TestingConfig(script={"clerk": [call, Says("done")]})
    )
    for message in ("one", "two"):
        asked(runtime, message, thread_id="t")
    [before] = [message for message in seen[1] if message.get("tool_calls")]
    assert before["tool_calls"][0]["arguments"] == {"number": 2**64}


def test_depth_is_bounded() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    run = asked(clerk_runtime(Calls("read_row", row=1), Says("x")))
    assert run.output == "x"
    with pytest.raises((FlowaiError, RecursionError)):
        _ = asked(clerk_runtime(Calls("read_row", {"row": deep}), Says("x"))).value
