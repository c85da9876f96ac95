"""Row 5: what is read is JSON and nothing else: no pickles, constructors, lone surrogates or endless depth."""

import asyncio
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowai import CallModel
from flowai.errors import FlowaiError, ValueNotJson
from flowai.events import parse_event
from flowai.interpreters import Eval, Live, Recording, Test
from flowai_harness import Calls, Says, create_runtime
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
        with pytest.raises((FlowaiError, KeyError)):
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
    except (FlowaiError, KeyError, TypeError):
        return
    pytest.fail("something that is no recording was replayed")


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


def test_depth_is_bounded() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    run = asked(clerk_runtime(Calls("read_row", row=1), Says("x")))
    assert run.output == "x"
    with pytest.raises((FlowaiError, RecursionError)):
        _ = asked(clerk_runtime(Calls("read_row", {"row": deep}), Says("x"))).value
