"""A gateway of one's own is asked all that a provider would be asked, and has to answer."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from flowai import CallModel, ModelAnswer
from flowai.errors import ValueNotJson
from flowai.interpreters import Eval, Live
from flowai_harness import create_runtime, define_runtime, define_specialist, define_tenant, define_tool


class Dish(BaseModel):
    """What is on the menu."""

    name: str


@define_tool(access="read")
def look(row: int) -> str:
    """Look at a row."""
    return f"row {row}"


def saying(answer: object) -> Callable[[CallModel[Any]], object]:
    def gateway(_: CallModel[Any]) -> object:
        return answer

    return gateway


def answer_of(handler: Any, **options: Any) -> Any:
    return Live().handling(CallModel, handler).run(CallModel("house", "well?", **options)).result


def test_a_gateway_is_told_of_the_tools_and_of_the_output() -> None:
    seen: list[CallModel[Any]] = []

    def gateway(call: CallModel[Any]) -> Any:
        seen.append(call)
        if len(seen) == 1:
            return {"tool_calls": [{"id": "1", "name": "look", "arguments": {"row": 3}}]}
        return Dish(name=call.messages[-1]["content"] if call.messages else "")

    agent = define_specialist(name="clerk", model="house", prompt="Work.", tools=[look], output=Dish)
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent])
    runtime = create_runtime(spec, interpreter=Live().handling(CallModel, gateway))
    assert runtime.blocking.run_specialist("clerk", "hello").output == Dish(name="row 3")
    (offered,) = [tool for tool in seen[0].tool_schemas if tool["name"] == "look"]
    assert offered["description"] == "Look at a row."
    assert offered["parameters"]["properties"] == {"row": {"type": "integer"}}
    assert seen[0].output_schema == CallModel("house", "well?", output=Dish).output_schema


def test_a_question_says_the_same_before_it_is_asked() -> None:
    asked = CallModel("house", "well?", tools=[look], output=Dish)
    assert [tool["name"] for tool in asked.tool_schemas] == ["look"]
    assert (asked.output_schema or {})["required"] == ["name"]
    for text in (CallModel("house", "well?"), CallModel("house", "well?", output=ModelAnswer)):
        assert (text.tool_schemas, text.output_schema) == ([], None)


@pytest.mark.parametrize("output", [None, ModelAnswer])
def test_a_gateway_that_returns_nothing_has_not_answered(output: Any) -> None:
    error = answer_of(saying(None), output=output).failure()
    assert isinstance(error, ValueNotJson)
    assert "answered with nothing" in str(error)


def test_nothing_is_an_answer_where_it_was_asked_for() -> None:
    optional: Any = Dish | None
    assert answer_of(saying({"text": "null"}), output=optional).unwrap() is None


def test_a_gateways_answers_are_recorded() -> None:
    asked = CallModel("house", "well?", tools=[look], output=Dish)
    run = Eval(Live().handling(CallModel, saying(Dish(name="soup")))).run(asked)
    assert run.value == Dish(name="soup")
    assert Eval(Live()).replay(run.recording).run(asked).value == run.value
