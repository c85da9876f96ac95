"""What a person may get wrong when defining: each is a `SpecError` that says what to do."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from flowai.errors import SpecError
from flowai.specs.define_agent import define_specialist
from flowai.specs.dispatcher import ActionDispatcher
from flowai.specs.plan import define_plan
from flowai.specs.tool import define_tool

loose: Any = define_tool
"""For definitions that a type checker would refuse."""


class Move(BaseModel):
    kind: str = "move"
    row: int


class Moves(BaseModel):
    actions: list[Move]


def greet(name: str) -> str:
    """Greet somebody."""
    return f"hello {name}"


def move(action: Move) -> int:
    """Move a row."""
    return action.row


def forgetful() -> None:
    """Take no action at all."""


async def stream() -> AsyncIterator[int]:
    """Count."""
    yield 1


def count() -> Iterator[int]:
    """Count."""
    yield 1


MISTAKES: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: loose(acess="read"), "unknown option `acess`", "did you mean `access`"),
    (lambda: loose(greet, acess="read"), "unknown option `acess`", "did you mean `access`"),
    (lambda: loose("read"), "'read'` is no function", "decorate a function"),
    (lambda: loose(3), "`3` is no function", "decorate a function"),
    (lambda: loose(Move), "is no function", "decorate a function"),
    (lambda: loose(define_tool(greet)), "it is a tool already", "give the tool itself"),
    (lambda: loose(stream), "it is a generator", "store the rows as a reference"),
    (lambda: loose(count), "it is a generator", "store the rows as a reference"),
    (lambda: loose(timeout_s=1e300)(greet), "`timeout_s` is 1e+300", "ten years at most"),
    (lambda: ActionDispatcher(Moves), "is no plan", "define_plan"),  # type: ignore[arg-type]
    (lambda: define_specialist(name="a", model="m", prompt="p", output="str"), "says nothing", "give a type"),  # type: ignore[call-overload]
    (lambda: define_specialist(name="a", model="m", prompt="p", output=object), "says nothing", "give a type"),
]


@pytest.mark.parametrize(("make", "message", "hint"), MISTAKES, ids=[str(number) for number in range(len(MISTAKES))])
def test_a_mistake_is_a_spec_error_with_advice(make: Callable[[], Any], message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        make()
    assert message in str(caught.value)
    assert hint in str(caught.value)


def test_a_fault_of_an_undo_names_the_undo_and_its_action() -> None:
    actions: Any = ActionDispatcher(define_plan(name="Moves", schema=Moves))
    with pytest.raises(SpecError, match="`undo` of `move`"):
        actions.on(Move, undo=forgetful)(move)


def test_an_option_of_an_action_is_checked_by_name() -> None:
    actions: Any = ActionDispatcher(define_plan(name="Moves", schema=Moves))
    with pytest.raises(SpecError, match="unknown option `acess`"):
        actions.on(Move, acess="read")


def test_a_partial_is_a_tool_of_what_is_left_of_its_function() -> None:
    def add(left: int, right: int) -> int:
        """Add two numbers."""
        return left + right

    tool: Any = define_tool(functools.partial(add, right=2))
    assert tool.name == "add"
    assert tool.description == "Add two numbers."
    assert tool(1) == 3


def test_a_callable_object_is_a_tool() -> None:
    class Doubles:
        """Double a number."""

        async def __call__(self, number: int) -> int:
            return 2 * number

    tool = define_tool(name="double")(Doubles())
    assert tool.is_async
    assert tool.parameters["required"] == ["number"]
    assert tool.description == "Double a number."


def test_text_as_an_output_is_the_answer_in_words() -> None:
    assert define_specialist(name="a", model="m", prompt="p", output=str).output is None
