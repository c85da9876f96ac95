"""A structured answer that fits its schema and not its type is a failure of the model."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from flowai import CallModel, Do, Models, catch, program, pure, retry
from flowai.errors import ModelFailed, OutputInvalid, ProgramError
from flowai.interpreters import Live
from tests.live.server import Asked, Reply, serving


class Even(BaseModel):
    """A type that asks for more than its schema says."""

    number: int

    @field_validator("number")
    @classmethod
    def is_even(cls, number: int) -> int:
        if number % 2:
            raise ValueError("is odd")
        return number


ASKED = CallModel("openai-chat:gpt-x", "a number?", output=Even)


def counting(numbers: Iterator[int]) -> Any:
    def reply(_: Asked) -> Reply:
        return Reply(f'{{"number": {next(numbers)}}}')

    return reply


def answered(asked: Any, *numbers: int) -> Any:
    with serving(counting(iter(numbers))) as server:
        return Live(providers={"openai-chat": {"baseUrl": f"{server.url}/v1"}}).run(asked).result


def test_what_a_validator_refuses_is_an_invalid_output() -> None:
    error = answered(ASKED, 3).failure()
    assert isinstance(error, OutputInvalid)
    assert "`$.number`" in str(error)
    assert "is odd" in str(error)


@program
def careful() -> Do[Models, int]:
    try:
        return (yield from ASKED).number
    except OutputInvalid:
        return 0


def test_a_program_may_take_it_as_any_failure_of_a_model() -> None:
    assert answered(careful(), 3).unwrap() == 0
    caught = catch(ASKED, lambda _: pure(Even(number=0)), on=ModelFailed)
    assert answered(caught, 3).unwrap() == Even(number=0)
    assert answered(retry(ASKED, attempts=2), 3, 4).unwrap() == Even(number=4)


@pytest.mark.parametrize("odd", [None, 3, b"gpt-5"])
def test_a_model_has_a_name(odd: Any) -> None:
    with pytest.raises(ProgramError, match="not the name of a model"):
        CallModel(odd, "hello")


def test_settings_are_named() -> None:
    odd: Any = [1]
    with pytest.raises(ProgramError, match="`settings` is"):
        CallModel("gpt-5", "hello", settings=odd)
