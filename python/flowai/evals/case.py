"""What is expected of a run, and what a run did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flowai.errors import SpecError
from flowai.events.visible import called


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One step of a trajectory: a tool, and its arguments where they matter.

    Example:
        >>> str(ToolCall("find", {"query": "red"}))
        'find(query="red")'
    """

    name: str
    arguments: Mapping[str, Any] | None = None
    """Not compared where there are none."""

    def __str__(self) -> str:
        """Write the call as a person would."""
        return self.name if self.arguments is None else called(self.name, self.arguments)


Step = str | ToolCall
"""A step is named, or given with its arguments."""


@dataclass(frozen=True, slots=True)
class TestCase:
    """A question and what a good run of it looks like."""

    __test__ = False

    id: str
    prompt: str
    expected_trajectory: tuple[ToolCall, ...] | None = None
    expected_actions: tuple[Any, ...] | None = None
    expected_response: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RawSampleOutput:
    """What a run did, as far as it was watched.

    Example:
        >>> RawSampleOutput(actual_trajectory=["find"]).steps
        (ToolCall(name='find', arguments=None),)
    """

    actual_trajectory: Sequence[Step] | None = None
    actual_actions: Sequence[Any] | None = None
    actual_response: str | None = None
    steps: tuple[ToolCall, ...] | None = field(init=False, repr=False, compare=False, default=None)
    """The trajectory, each step as a `ToolCall`."""

    def __post_init__(self) -> None:
        """Read the trajectory."""
        object.__setattr__(self, "steps", to_steps(self.actual_trajectory, "`actual_trajectory`"))


def define_test_case(
    id: str,  # noqa: A002 — the announced name
    prompt: str,
    *,
    expected_trajectory: Sequence[Step] | None = None,
    expected_actions: Sequence[Any] | None = None,
    expected_response: str | None = None,
    tags: Sequence[str] = (),
) -> TestCase:
    """Define what is expected of a run.

    Args:
        id: what the case is called in every report.
        prompt: the question.
        expected_trajectory: the tools a good run calls, in order.
        expected_actions: the actions of a good plan.
        expected_response: the answer of a good run.
        tags: words to choose cases by.

    Raises:
        SpecError: the id is empty or a step is none.

    Example:
        >>> define_test_case("basic", "Plan it", expected_trajectory=["plan", "explain"]).id
        'basic'
    """
    if not _is_text(id):
        raise SpecError("`id` is empty", where="test case", hint="give each case a name of its own")
    return TestCase(
        id=id,
        prompt=prompt,
        expected_trajectory=to_steps(expected_trajectory, f"test case `{id}`: `expected_trajectory`"),
        expected_actions=None if expected_actions is None else tuple(expected_actions),
        expected_response=expected_response,
        tags=tuple(tags),
    )


def to_steps(written: object, where: str) -> tuple[ToolCall, ...] | None:
    """Read a trajectory; nothing stays nothing.

    Raises:
        SpecError: it is no list of names and `ToolCall`s.
    """
    if written is None:
        return None
    hint = 'write `["find", ToolCall("place", {"units": 3})]`'
    if not isinstance(written, Sequence) or isinstance(written, str):
        raise SpecError("a trajectory is a list of steps", where=where, hint=hint)
    return tuple(_step(each, where, hint) for each in cast("Sequence[object]", written))


def _step(written: object, where: str, hint: str) -> ToolCall:
    if isinstance(written, ToolCall):
        return written
    if isinstance(written, str):
        return ToolCall(written)
    raise SpecError(f"`{written!r}` is no step", where=where, hint=hint)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
