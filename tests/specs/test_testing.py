"""Scripts, decisions and the configuration that holds them."""

from typing import Any

import pytest
from pydantic import BaseModel

from flowai.errors import ModelUnavailable, ProgramError, SpecError
from flowai.specs.decision import Approve, Reject, to_decision
from flowai.specs.handle import Handle
from flowai.specs.script import Answers, Calls, Fails, Says, Thinks, turn_of
from flowai.specs.testing import TestingConfig
from flowai.specs.tool import define_tool


class Order(BaseModel):
    units: int


class Seen:
    @property
    def messages(self) -> list[dict[str, Any]]:
        return []

    def ref(self, kind: str) -> Handle[Any]:
        return Handle(kind, "1")

    def answer(self, tool: str) -> Any:
        return {"from": tool}


def test_steps_joined_by_plus_are_one_answer() -> None:
    turn = Thinks("hm") + Says("both", delay_ms=5) + Calls("a", usage={"input_tokens": 3}) + Calls("b", x=1)
    assert turn.to_json() == {
        "steps": [
            {"thinks": "hm"},
            {"says": "both"},
            {"calls": {"name": "a", "arguments": {}}},
            {"calls": {"name": "b", "arguments": {"x": 1}}},
        ],
        "delay_ms": 5,
        "usage": {"input_tokens": 3},
    }
    assert turn == Thinks("hm") + (Says("both", delay_ms=5) + Calls("a", usage={"input_tokens": 3}) + Calls("b", x=1))


def _found(seen: Seen) -> object:
    return seen.answer("find")


def test_arguments_may_ask_what_was_seen_however_deep() -> None:
    call = Calls("store_plan", plan=lambda seen: {"scope": seen.ref("Set"), "list": [_found]})
    assert call.to_json(Seen())["calls"]["arguments"] == {
        "plan": {"scope": {"kind": "Set", "id": "1"}, "list": [{"from": "find"}]}
    }
    with pytest.raises(ProgramError, match="asks what was seen"):
        call.to_json()


def test_models_are_written_as_json() -> None:
    assert Answers(Order(units=3)).to_json() == {"answers": {"units": 3}}
    assert Calls("place", order=Order(units=3)).arguments["order"] == Order(units=3)


def test_a_tool_may_be_given_instead_of_its_name() -> None:
    @define_tool(name="find")
    def find_it(delay_ms: int) -> int:
        return delay_ms

    assert Calls(find_it, {"delay_ms": 3}).to_json() == {"calls": {"name": "find", "arguments": {"delay_ms": 3}}}


def test_a_failure_keeps_its_class() -> None:
    error = ModelUnavailable("overloaded", hint="wait")
    assert Fails(error).to_json()["fails"] == {"kind": "ModelUnavailable", "message": "overloaded", "hint": "wait"}
    assert Fails("broke").to_json()["fails"]["kind"] == "ModelFailed"


def test_a_text_is_an_answer() -> None:
    assert turn_of("hello") == turn_of(Says("hello"))


def test_a_script_is_one_list_or_one_for_each_agent() -> None:
    assert TestingConfig(script=["a"]).turns == {None: (turn_of("a"),)}
    assert TestingConfig(script={"planner": [Says("a"), Says("b")]}).turns == {"planner": (turn_of("a"), turn_of("b"))}
    assert TestingConfig(mock_response="a").turns == {}


def test_decisions_are_normalised() -> None:
    assert TestingConfig(decisions=["approve", Reject("no")]).decisions == (Approve(), Reject("no"))


def test_everything_wrong_with_a_configuration_is_listed() -> None:
    wrong: Any = TestingConfig
    with pytest.raises(SpecError) as caught:
        wrong(mock_response=3, script={"a": Says("x"), "b": [3]}, decisions=["yes"], seed="x")
    assert len(caught.value.faults) == 6


@pytest.mark.parametrize("written", ["yes", "Approve", True, None, {"decision": "approve"}, ""])
def test_what_is_no_decision_never_means_yes(written: Any) -> None:
    with pytest.raises(SpecError, match="is not a decision"):
        to_decision(written)


@pytest.mark.parametrize(
    "options",
    [{"actions": [0, 0]}, {"actions": [-1]}, {"actions": [True]}, {"actions": "0"}, {"edits": [1]}, {"reason": 3}],
)
def test_an_approval_that_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        Approve(**options)


def test_a_decision_is_json() -> None:
    assert Approve(actions=[0, 2], edits={0: {"order": Order(units=1)}}, reason="ok").to_json() == {
        "decision": "approved",
        "actions": [0, 2],
        "edits": {"0": {"order": {"units": 1}}},
        "reason": "ok",
    }


def test_a_delay_is_no_way_back() -> None:
    with pytest.raises(ValueError, match="time only goes forward"):
        Says("x", delay_ms=-1)


def test_pytest_does_not_collect_the_configuration() -> None:
    assert TestingConfig.__test__ is False
