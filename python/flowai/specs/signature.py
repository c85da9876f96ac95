"""What the signature of a tool's function says, and how calls are bound to it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import cached_property
from opcode import opmap
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_origin, get_type_hints

from flowai.errors import SpecError, ToolArgumentsInvalid
from flowai.specs.context import ToolContext
from flowai.specs.encoding import (
    SCALARS,
    Encoding,
    Json,
    JsonObject,
    first_problem,
    is_exact,
    json_text,
    without_titles,
)
from flowai.specs.faults import Faults, refuse
from flowai.specs.handle import Handle, Hydration
from flowai.specs.late import pydantic

if TYPE_CHECKING:
    from types import FrameType

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class ToolSignature:
    """The parameters of a tool, without a leading context, as a checked JSON object."""

    where: str
    signature: inspect.Signature
    annotations: dict[str, Any]
    descriptions: dict[str, str]
    returns: Any
    takes_context: bool
    is_async: bool
    is_immediate: bool = False
    """Whether the function is `async` and never waits: its coroutine ends at the first step."""
    names: tuple[str, ...] = field(init=False)
    scalars: dict[str, type] | None = field(init=False)
    """The type of each parameter where all are plain scalars, which JSON gives as they are."""

    def __post_init__(self) -> None:
        """Remember the order of the names and their types for the fast paths of `bind` and `decode`."""
        object.__setattr__(self, "names", tuple(self.signature.parameters))
        are_plain = all(isinstance(each, type) and each in SCALARS for each in self.annotations.values())
        object.__setattr__(self, "scalars", dict(self.annotations) if are_plain else None)

    def bind(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        """Bind a call as Python would, defaults filled in.

        Raises:
            TypeError: the call does not fit the signature.
        """
        if not args and tuple(keywords) == self.names:
            return keywords
        try:
            bound = self.signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"{self.where}: {error}") from None
        bound.apply_defaults()
        return dict(bound.arguments)

    @cached_property
    def model(self) -> type[pydantic.BaseModel]:
        """The parameters as a pydantic model; its fields are numbered, the names are aliases."""
        fields: dict[str, Any] = {}
        for index, parameter in enumerate(self.signature.parameters.values()):
            required = parameter.default is inspect.Parameter.empty
            details = pydantic.Field(
                ... if required else parameter.default,
                alias=parameter.name,
                description=self.descriptions.get(parameter.name),
            )
            fields[f"p{index}"] = (self.annotations[parameter.name], details)
        # Aliases free a parameter to be called `schema`, `copy` or `_private`.
        # NaN is no null: it stays what it is, and is refused with its path.
        config = pydantic.ConfigDict(extra="forbid", ser_json_inf_nan="constants")
        return pydantic.create_model("Arguments", __config__=config, **fields)

    def schema(self) -> JsonObject:
        """Return the JSON Schema of the parameters.

        Raises:
            SpecError: listing each parameter that has no JSON form.
        """
        faults = Faults(self.where)
        for name, annotation in self.annotations.items():
            try:
                Encoding(annotation).check(self.where, f"parameter `{name}`")
            except SpecError as error:
                faults.adopt(error)
        faults.raise_if_any()
        schema: JsonObject = without_titles(self.model.model_json_schema())
        schema.setdefault("properties", {})
        schema.pop("description", None)
        return schema

    def decode(self, arguments: Json, hydration: Hydration | None = None) -> dict[str, Any]:
        """Read a JSON object into typed Python arguments.

        Raises:
            ToolArgumentsInvalid: the object does not fit the parameters.
        """
        if self._are_scalars(arguments):
            return {name: arguments[name] for name in self.names}
        try:
            read = self.model.model_validate_json(json_text(arguments), context=hydration)
        except (ValueError, RecursionError) as error:
            raise self._unfit(error) from error
        return {name: getattr(read, f"p{index}") for index, name in enumerate(self.names)}

    def _are_scalars(self, arguments: Json) -> bool:
        """Whether each argument is there and exactly of its type, so that there is nothing to read."""
        scalars = self.scalars
        if scalars is None or type(arguments) is not dict:
            return False
        given = cast("JsonObject", arguments)
        return len(given) == len(scalars) and all(
            scalars.get(name) is type(value) and is_exact(value) for name, value in given.items()
        )

    def encode(self, arguments: dict[str, Any]) -> JsonObject:
        """Check Python arguments and write them as a JSON object.

        Raises:
            ToolArgumentsInvalid: an argument is not of its annotated type.
        """
        try:
            checked = self.model.model_validate(arguments)
            return checked.model_dump(mode="json", by_alias=True, warnings="error")
        except (ValueError, RecursionError) as error:
            raise self._unfit(error, arguments) from error

    def handles(self, arguments: Json) -> tuple[Handle[Any], ...]:
        """Return the handles that `Ref` parameters name, however deep.

        Raises:
            ToolArgumentsInvalid: the object does not fit the parameters.
        """
        hydration = Hydration()
        self.decode(arguments, hydration)
        return tuple(dict.fromkeys(hydration.asked))

    def _unfit(self, error: Exception, arguments: object = None) -> ToolArgumentsInvalid:
        tool = self.where.removeprefix("tool ").strip("`")
        return ToolArgumentsInvalid(f"{self.where}: {first_problem(error, arguments)[1]}", tool=tool)


def read_signature(
    function: Callable[..., Any], where: str, descriptions: dict[str, str], frame: FrameType | None
) -> ToolSignature:
    """Read the signature of a tool's function.

    Raises:
        SpecError: listing everything in it that no model could call.
    """
    hints = resolve_annotations(function, where, frame)
    parameters = list(inspect.signature(function).parameters.values())
    takes_context = bool(parameters) and is_context(hints.get(parameters[0].name))
    own = parameters[1:] if takes_context else parameters
    _check_parameters(own, hints, where)
    if inspect.isasyncgenfunction(inspect.unwrap(function)) or inspect.isgeneratorfunction(inspect.unwrap(function)):
        hint = "return a list, or store the rows as a reference and return its handle"
        raise refuse(where, "it is a generator, and a model gets one result", hint=hint)
    returns, is_awaitable = _awaited(hints.get("return", Any))
    return ToolSignature(
        where=where,
        signature=inspect.Signature(own),
        annotations={each.name: hints[each.name] for each in own},
        descriptions=descriptions,
        returns=returns,
        takes_context=takes_context,
        is_async=is_awaitable or inspect.iscoroutinefunction(inspect.unwrap(function)),
        is_immediate=never_waits(function),
    )


def never_waits(function: object) -> bool:
    """Whether a function is `async` and has nothing in it at which it could wait.

    Example:
        >>> async def read() -> int:
        ...     return 3
        >>> async def read_again() -> int:
        ...     return await read()
        >>> never_waits(read), never_waits(read_again), never_waits(len)
        (True, False, False)
    """
    if not isinstance(function, FunctionType) or not inspect.iscoroutinefunction(function):
        return False
    code = function.__code__
    # An `async def` yields to its loop in `await`, `async for` and `async with`, and nowhere else.
    return bool(code.co_flags & inspect.CO_COROUTINE) and opmap["YIELD_VALUE"] not in code.co_code[::2]


def _check_parameters(parameters: list[inspect.Parameter], hints: dict[str, Any], where: str) -> None:
    faults = Faults(where)
    for parameter in parameters:
        if parameter.kind not in _NAMED:
            hint = "a model passes arguments by name; give the parameter a name of its own"
            faults.add(f"parameter `{parameter}` cannot be passed by name", hint=hint)
        elif parameter.name not in hints:
            hint = f"write `{parameter.name}: str`, or whatever it is"
            faults.add(f"parameter `{parameter.name}` has no annotation", hint=hint)
        elif is_context(hints[parameter.name]):
            hint = "move it to the front"
            faults.add(f"the context `{parameter.name}` is not the first parameter", hint=hint)
    faults.raise_if_any()


def is_context(annotation: Any) -> bool:
    """Whether an annotation is `ToolContext`, with or without its services."""
    return annotation is ToolContext or get_origin(annotation) is ToolContext


def _awaited(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) is Awaitable:
        return get_args(annotation)[0], True
    if get_origin(annotation) is Coroutine:
        return get_args(annotation)[2], True
    return annotation, False


def resolve_annotations(function: Callable[..., Any], where: str, frame: FrameType | None) -> dict[str, Any]:
    """Resolve annotations, also those that name classes local to the defining function.

    Raises:
        SpecError: an annotation names something that is not defined.
    """
    local: dict[str, Any] = {} if frame is None else frame.f_locals
    try:
        return get_type_hints(function, localns=dict(local), include_extras=True)
    except NameError as error:
        hint = "define it before the tool, and import it outside `if TYPE_CHECKING:`"
        raise refuse(where, f"an annotation names `{error.name}`, which is not defined", hint=hint) from error
    except TypeError as error:
        raise refuse(where, f"its annotations cannot be read: {error}", hint="give a plain function") from error


def caller(depth: Literal[1, 2, 3]) -> FrameType | None:
    """Return the frame that called the caller of this function, for names in annotations."""
    try:
        return sys._getframe(depth + 1)  # pyright: ignore[reportPrivateUsage] — shows local classes
    except ValueError:
        return None
