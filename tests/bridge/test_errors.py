"""An exception crosses the bridge as itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Never, cast

import pytest

from flowai import CallTool, Do, Effect, Program, Tools, catch, fail, gather, program, pure
from flowai.errors import EffectFailed, FlowaiError, ToolFailed
from flowai.interpreters import Eval, Live, Recording, Test
from flowai.specs.tool import define_tool


class OutOfPaperError(EffectFailed):
    def __init__(self, sheets: int) -> None:
        super().__init__(f"{sheets} sheets are left")
        self.sheets = sheets


@dataclass(frozen=True)
class Ask(Effect[int]):
    pass


ERROR = ValueError("mine", {"a": object()})


def raising(_: Ask) -> int:
    raise ERROR


def out_of_paper(_: Ask) -> int:
    raise OutOfPaperError(2)


def replaying(recording: Recording) -> Eval[Ask]:
    """Replay for programs that ask, though nobody answers but the recording."""
    return cast("Eval[Ask]", Eval(Test()).replay(recording))


@define_tool
def torn() -> int:
    """Raise."""
    raise ERROR


@pytest.mark.parametrize("interpreter", [Test(), Live(), Eval(Test())], ids=["test", "live", "eval"])
def test_an_exception_is_the_same_object_at_the_end(interpreter: Test[Ask]) -> None:
    for made in (Ask(), gather(pure(1), Ask()), fail(ERROR)):
        with pytest.raises(ValueError, match="mine") as caught:
            _ = interpreter.handling(Ask, raising).run(made).value
        assert caught.value is ERROR


def test_a_program_is_told_the_same_object() -> None:
    seen: list[BaseException] = []

    @program
    def asking() -> Do[Ask, int]:
        try:
            return (yield from Ask())
        except ValueError as error:
            seen.append(error)
            raise

    def mended(error: Exception) -> Program[Never, int]:
        seen.append(error)
        return pure(0)

    assert Test().handling(Ask, raising).run(catch(asking(), mended)).value == 0
    assert seen == [ERROR, ERROR]


def test_what_a_tool_raised_is_the_cause() -> None:
    run = Test().run(CallTool(torn))
    with pytest.raises(ToolFailed) as caught:
        _ = run.value
    assert caught.value.__cause__ is ERROR
    assert caught.value.tool == "torn"
    assert caught.value.run_id == run.run_id


def test_a_replayed_error_is_of_the_same_class() -> None:
    recording = Test().handling(Ask, out_of_paper).run(Ask()).recording
    with pytest.raises(OutOfPaperError) as caught:
        _ = replaying(recording).run(Ask()).value
    assert (caught.value.sheets, caught.value.message) == (2, "2 sheets are left")


def test_a_replayed_failure_of_a_tool_keeps_its_cause() -> None:
    @program
    def calling() -> Do[Tools, int]:
        return (yield from CallTool(torn))

    first = Test().run(calling())
    again = Eval(Test()).replay(first.recording).run(calling())
    with pytest.raises(ToolFailed) as caught:
        _ = again.value
    assert isinstance(caught.value.__cause__, ValueError)
    assert [event.model_dump() for event in again.events] == [event.model_dump() for event in first.events]


def test_a_recording_loads_no_code() -> None:
    recording = Test().handling(Ask, out_of_paper).run(Ask()).recording
    written = recording.to_json().replace('"OutOfPaperError"', '"system"').replace(f'"{__name__}"', '"os"')
    with pytest.raises(FlowaiError) as caught:
        _ = replaying(type(recording).from_json(written)).run(Ask()).value
    assert type(caught.value) is EffectFailed
