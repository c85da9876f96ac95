"""What a model says in a test, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, cast

from flowai.errors import ModelFailed, ProgramError, ValueNotJson
from flowai.specs.encoding import json_value, unwritable
from flowai.specs.handle import Handle

if TYPE_CHECKING:
    from flowai.specs.encoding import Json, JsonObject


class Usage(TypedDict, total=False):
    """What a scripted answer counts as."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int


class Seen(Protocol):
    """What happened so far in the run, as a scripted argument may read it."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation as the model is shown it, in JSON types."""
        ...

    def ref(self, kind: str) -> Handle[Any]:
        """Return the handle of that kind that was stored last."""
        ...

    def answer(self, tool: str) -> Any:
        """Return what that tool answered last."""
        ...


Scripted = Callable[[Seen], Any] | object
"""A value, or a function of what was seen, also inside lists and mappings."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One whole answer of a model: steps joined by `+`.

    Example:
        >>> turn = Says("both at once") + Calls("read", sku="A") + Calls("read", sku="B")
        >>> len(turn.steps)
        3
    """

    steps: tuple[Step, ...]
    """What the answer consists of, in order."""

    def __add__(self, other: Step | Turn) -> Turn:
        """Put more into the same answer."""
        return Turn(self.steps + turn_of(other).steps)

    @property
    def delay_ms(self) -> int:
        """How long the model takes, in virtual time."""
        return sum(step.delay_ms for step in self.steps)

    @property
    def usage(self) -> Usage:
        """What the answer counts as: the sum over its steps."""
        total: dict[str, int] = {}
        for step in self.steps:
            for measure, count in cast("Mapping[str, int]", step.usage or {}).items():
                total[measure] = total.get(measure, 0) + count
        return cast("Usage", total)

    def to_json(self, seen: Seen | None = None) -> JsonObject:
        """Return the JSON form; arguments given as functions are asked with what was seen."""
        return {
            "steps": [step.to_json(seen) for step in self.steps],
            "delay_ms": self.delay_ms,
            "usage": self.usage,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part of a scripted answer."""

    delay_ms: int = 0
    """Virtual time before the answer."""
    usage: Usage | None = None

    def __post_init__(self) -> None:
        """Refuse a delay into the past."""
        if self.delay_ms < 0:
            raise ValueError(f"`delay_ms` is {self.delay_ms}; time only goes forward")

    def __add__(self, other: Step | Turn) -> Turn:
        """Put another step into the same answer."""
        return Turn((self,)) + other

    def to_json(self, seen: Seen | None = None) -> JsonObject:
        """Return the JSON form."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Says(Step):
    """The model answers with text."""

    text: str

    def to_json(self, seen: Seen | None = None) -> JsonObject:  # noqa: ARG002 — a text depends on nothing
        """Return the JSON form."""
        return {"says": self.text}


@dataclass(frozen=True, slots=True)
class Thinks(Step):
    """The model thinks aloud."""

    text: str

    def to_json(self, seen: Seen | None = None) -> JsonObject:  # noqa: ARG002 — a text depends on nothing
        """Return the JSON form."""
        return {"thinks": self.text}


@dataclass(frozen=True, slots=True)
class Fails(Step):
    """The model call fails."""

    error: Exception | str

    def to_json(self, seen: Seen | None = None) -> JsonObject:  # noqa: ARG002 — an error depends on nothing
        """Return the JSON form."""
        kind = "ModelFailed" if isinstance(self.error, str) else type(self.error).__name__
        message = getattr(self.error, "message", None) or str(self.error)
        told = {"kind": kind, "message": message, "hint": getattr(self.error, "hint", None)}
        known = self.error.known() if isinstance(self.error, ModelFailed) else {}
        return {"fails": {**told, "detail": known} if known else told}


@dataclass(frozen=True, slots=True)
class Answers(Step):
    """The model answers with a value of the type that was asked for."""

    value: Any

    def to_json(self, seen: Seen | None = None) -> JsonObject:
        """Return the JSON form."""
        return {"answers": _plain(self.value, seen)}


@dataclass(frozen=True, slots=True, init=False)
class Calls(Step):
    """The model calls a tool; an argument may be a function of what was seen, however deep.

    Example:
        >>> Calls("find", query="red").to_json()
        {'calls': {'name': 'find', 'arguments': {'query': 'red'}}}
    """

    tool: str
    """Its name; the tool itself may be given too."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __init__(
        self,
        tool: object,
        given: Mapping[str, Any] | None = None,
        /,
        *,
        delay_ms: int = 0,
        usage: Usage | None = None,
        **arguments: Scripted,
    ) -> None:
        arguments = {**(given or {}), **arguments}
        name = tool if isinstance(tool, str) else getattr(tool, "name", None)
        if not isinstance(name, str):
            raise TypeError(f"`{tool!r}` is not the name of a tool")
        for slot, value in (("tool", name), ("arguments", arguments), ("delay_ms", delay_ms), ("usage", usage)):
            object.__setattr__(self, slot, value)
        self.__post_init__()

    def to_json(self, seen: Seen | None = None) -> JsonObject:
        """Return the JSON form."""
        return {"calls": {"name": self.tool, "arguments": _plain(self.arguments, seen)}}


ScriptStep = Step | Turn | str
"""A step, several in one answer, or a text the model says."""


def turn_of(step: ScriptStep) -> Turn:
    """Return a step as a whole answer.

    Example:
        >>> turn_of("hello").to_json()["steps"]
        [{'says': 'hello'}]
    """
    if isinstance(step, Turn):
        return step
    return Turn((Says(step) if isinstance(step, str) else step,))


def _plain(value: Any, seen: Seen | None, path: str = "$") -> Json:
    """Write a scripted value as JSON, functions asked and models dumped."""
    if isinstance(value, Mapping):
        return {
            str(key): _plain(each, seen, f"{path}.{key}")
            for key, each in cast("Mapping[object, object]", value).items()
        }
    if isinstance(value, list | tuple):
        return [_plain(each, seen, f"{path}[{at}]") for at, each in enumerate(cast("list[object]", value))]
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, Handle):
        return cast("Handle[object]", value).to_json()
    return _plain(value(_known(seen)), seen, path) if callable(value) else _dumped(value, path)


def _dumped(value: object, path: str) -> Json:
    if isinstance(value, float):
        raise _unwritten(path, "NaN and infinity have no JSON form")
    try:
        return json_value(value)
    except ValueNotJson as error:
        raise _unwritten(f"{path}{unwritable(value)[1:]}", error.message) from error


def _unwritten(path: str, why: str) -> ValueNotJson:
    return ValueNotJson(f"the value at `{path}` cannot be written as JSON: {why}", path=path)


def _known(seen: Seen | None) -> Seen:
    if seen is None:
        hint = "the test interpreter passes it; elsewhere write the value itself"
        raise ProgramError("a scripted argument asks what was seen, and nothing was", hint=hint)
    return seen
