"""Values at the edges of JSON: refused with their path, never changed in silence, and never what ends a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import pytest
from pydantic import BaseModel

from flowai import AwaitApproval, CallTool, Clock, Do, Effect, ReadClock, StoreRef, program
from flowai.errors import ToolArgumentsInvalid, ToolFailed, ValueNotJson
from flowai.interpreters import Eval, Live, Test
from flowai_harness import define_reference, define_tool


class Note(BaseModel):
    about: Any


@dataclass(frozen=True)
class Remember(Effect[Any]):
    what: Any


Notes = define_reference("Notes", dict[str, Any], 1_000, len)


@define_tool(access="read")
def echo(name: str, given: Any) -> Any:
    """Return what was given under a name."""
    return given


@define_tool(access="read")
def file_note(note: Note) -> str:
    """File a note."""
    return str(note.about)


@define_tool(access="read")
def measured() -> dict[str, Any]:
    """Return what nobody can write."""
    return {"rows": [1.0, math.nan]}


@define_tool(access="read")
def noted() -> Note:
    """Return what nobody can write, in a model."""
    return Note(about=[math.inf])


@program
def keeps(given: Any) -> Do[Clock, str]:
    yield from ReadClock()
    return f"kept a {type(given).__name__}"


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class Nameless:
    def __repr__(self) -> str:
        raise ValueError("this has no name")


def answered(effect: Remember) -> Any:
    return effect.what


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("interpreter", [Test(), Live(), Eval(Test())], ids=["test", "live", "eval"])
def test_a_number_that_is_none_is_no_null(interpreter: Test[Any], number: float) -> None:
    asked: list[tuple[Any, str]] = [
        (CallTool(echo, "it", given=number), "$.arguments.given"),
        (CallTool(file_note, note=Note(about={"x": [number]})), "$.arguments.note.about.x[0]"),
        (Remember({"x": number}), "$.what.x"),
        (AwaitApproval("sure?", subject=Note(about=number)), "$.subject.about"),
        (StoreRef(Notes, {"x": number}), "$.value.x"),
    ]
    for effect, path in asked:
        failure = interpreter.handling(Remember, answered).run(effect).result.failure()
        assert isinstance(failure, ValueNotJson)
        assert path in str(failure)


def test_a_result_that_is_no_json_fails_its_tool_and_names_the_place() -> None:
    for tool, path in ((measured, "$.rows[1]"), (noted, "$.about[0]")):
        failure = Test().run(CallTool(cast("Any", tool))).result.failure()
        assert isinstance(failure, ToolFailed)
        assert f"`{path}`" in str(failure)


def test_an_answer_of_a_handler_is_no_null_either() -> None:
    failure = Test().handling(Remember, lambda _: {"x": [math.nan]}).run(Remember(1)).result.failure()
    assert isinstance(failure, ValueNotJson)
    assert "x[0]" in str(failure)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"rows": [1, {"by": object()}]}, "$.given.rows[1].by"),
        ({"rows": [1, b"\xff"]}, "$.given.rows[1]"),
        ({"rows": {"\ud800": 1}}, "$.given.rows.\\ud800"),
    ],
)
def test_an_argument_that_is_no_json_is_named_by_its_place(given: Any, path: str) -> None:
    failure = Test().run(CallTool(echo, "it", given=given)).result.failure()
    assert isinstance(failure, ToolArgumentsInvalid | ValueNotJson)
    assert f"`{path}`: " in str(failure)


@pytest.mark.parametrize("given", [nested(100_000), Nameless(), [Nameless()]], ids=["deep", "nameless", "within"])
def test_what_cannot_be_written_out_runs_and_is_drawn(given: Any) -> None:
    made = keeps(given)
    assert Test().run(made).value == f"kept a {type(given).__name__}"
    assert str(made.tree()) == f"keeps(<{type(given).__name__}>) asks Clock"


def test_a_subject_nested_too_deep_is_refused() -> None:
    for depth in (130, 300, 100_000):
        failure = Test().run(AwaitApproval("sure?", subject=nested(depth))).result.failure()
        assert isinstance(failure, ValueNotJson)
