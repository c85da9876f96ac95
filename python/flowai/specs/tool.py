"""A function that models and programs may call."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from flowai.specs.context import ToolContext
from flowai.specs.docstring import read_docstring
from flowai.specs.encoding import Encoding, Json, JsonObject
from flowai.specs.faults import Faults, refuse
from flowai.specs.function_of import function_of
from flowai.specs.handle import Handle, Hydration
from flowai.specs.rule import Rule, RuleLike
from flowai.specs.signature import ToolSignature, caller, read_signature
from flowai.specs.tool_options import Access, ToolOptions
from flowai.specs.write_check import WriteCheck, read_check

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Access", "Tool", "ToolContext", "define_tool"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tool(Generic[P, R_co]):
    """A described, typed function; calling it runs the plain function.

    Example:
        >>> @define_tool(access="read")
        ... def add(left: int, right: int = 1) -> int:
        ...     "Add two numbers."
        ...     return left + right
        >>> add(1, 2), add.bind(1), add.parameters["required"]
        (3, {'left': 1, 'right': 1}, ['left'])
    """

    name: str
    """What models call it."""
    description: str
    """What models are told, from the docstring."""
    access: Access
    marked: bool
    """Whether `access` was given; an unmarked tool counts as `write_once`."""
    approval: Rule | None
    """A floor: no agent's policy asks less than this."""
    timeout_s: float
    max_result_bytes: int
    """A larger result is stored and passed by reference."""
    version: str
    """Part of every approval digest: another schema is another tool."""
    check: WriteCheck | None = field(repr=False, default=None)
    """Says what became of a call that nobody saw end."""
    function: Callable[..., Any] = field(repr=False)
    """What an interpreter calls: the context first where it is taken, the arguments by name."""
    plain: Callable[..., Any] = field(repr=False)
    """The function as it was written."""
    signature: ToolSignature = field(repr=False)
    _parameters: JsonObject = field(repr=False)
    _returns: JsonObject | None = field(repr=False)
    _result: Encoding = field(repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the plain function, as a test does; a runtime does more around it."""
        return self.plain(*args, **kwargs)

    @property
    def parameters(self) -> JsonObject:
        """The JSON Schema of the arguments, a copy."""
        return copy.deepcopy(self._parameters)

    @property
    def returns(self) -> Any:
        """The annotation of the result, awaited."""
        return self.signature.returns

    @property
    def takes_context(self) -> bool:
        """Whether the function has a leading `ToolContext`."""
        return self.signature.takes_context

    @property
    def is_async(self) -> bool:
        """Whether the function returns something to await."""
        return self.signature.is_async

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """Bind a call by the signature, defaults filled in.

        Raises:
            TypeError: the call does not fit the signature.
        """
        return self.signature.bind(args, kwargs)

    def decode_arguments(self, arguments: Json, values: Mapping[Handle[Any], Any] | None = None) -> dict[str, Any]:
        """Read the JSON a model gave into typed arguments; `values` fills `Ref` parameters.

        Raises:
            ToolArgumentsInvalid: the JSON does not fit the parameters.
        """
        return self.signature.decode(arguments, Hydration(values) if values else None)

    def referenced(self, arguments: Json) -> tuple[Handle[Any], ...]:
        """Return the handles whose values `decode_arguments` wants, each once.

        Raises:
            ToolArgumentsInvalid: the JSON does not fit the parameters.
        """
        return self.signature.handles(arguments)

    def encode_arguments(self, arguments: dict[str, Any]) -> JsonObject:
        """Check typed arguments and write them as JSON.

        Raises:
            ToolArgumentsInvalid: an argument is not of its annotated type.
        """
        return self.signature.encode(arguments)

    def encode_result(self, value: object) -> Json:
        """Check a result against the return annotation and write it as JSON.

        Raises:
            ValueNotJson: the result is not of the annotated type.
        """
        return self._result.encode(value)

    def decode_result(self, result: Json) -> R_co:
        """Read a result back, typed.

        Raises:
            ValueNotJson: the JSON does not fit the return annotation.
        """
        value: R_co = self._result.decode(result)
        return value

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
            "returns": copy.deepcopy(self._returns),
            "access": self.access,
            "marked": self.marked,
            "approval": None if self.approval is None else self.approval.to_json(),
            "timeout_ms": max(1, round(self.timeout_s * 1_000)),
            "max_result_bytes": self.max_result_bytes,
            "origin": "python",
            "checks": self.check is not None,
            "version": self.version,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by import path, as a function does."""
        return (_import_tool, (self.function.__module__, self.function.__qualname__))


def _import_tool(module: str, qualname: str) -> Any:
    found: Any = import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


class ToolDecorator(Protocol):
    """What `define_tool(...)` with arguments returns."""

    @overload
    def __call__(self, function: Callable[Concatenate[ToolContext[Any], P], Awaitable[R]], /) -> Tool[P, R]: ...
    @overload
    def __call__(self, function: Callable[Concatenate[ToolContext[Any], P], R], /) -> Tool[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, Awaitable[R]], /) -> Tool[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def define_tool(function: Callable[Concatenate[ToolContext[Any], P], Awaitable[R]], /) -> Tool[P, R]: ...
@overload
def define_tool(function: Callable[Concatenate[ToolContext[Any], P], R], /) -> Tool[P, R]: ...
@overload
def define_tool(function: Callable[P, Awaitable[R]], /) -> Tool[P, R]: ...
@overload
def define_tool(function: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def define_tool(
    *,
    name: str | None = None,
    description: str | None = None,
    access: Access | None = None,
    approval: RuleLike | None = None,
    timeout_s: float = 60,
    max_result_bytes: int = 16_384,
    version: str | None = None,
    check: Callable[..., Any] | None = None,
) -> ToolDecorator: ...
def define_tool(  # pyright: ignore[reportInconsistentOverload]
    function: Callable[..., Any] | None = None, /, **options: Any
) -> Any:
    """Make a function a tool; works with and without arguments, on sync and async functions.

    Name, description and JSON Schema come from the signature, the annotations and the
    Google docstring. A leading `ctx: ToolContext[Services]` is passed by the runtime.

    Args:
        function: the function, where the decorator stands without arguments.
        **options: `name`, `description`, `access` (unmarked counts as `write_once`), `approval`,
            `timeout_s` (60), `max_result_bytes` (16384), `version`, and for writes `check`: a function that
            takes the idempotency key of a call that nobody saw end and returns `Happened(result)`,
            `RunAgain()` or `Failed("why")`, or `None` where it cannot say and a human has to.

    Raises:
        SpecError: listing everything that is wrong with the definition.

    Example:
        >>> @define_tool(access="read")
        ... async def read_stock(sku: str) -> int:
        ...     "Read the stock of one article."
        ...     return 3
        >>> read_stock.name, read_stock.access
        ('read_stock', 'read')
    """
    frame = caller(1)
    read = ToolOptions.read(options, "`define_tool`")
    if function is not None:
        return make_tool(function, read, frame)
    return partial(make_tool, options=read, frame=frame)


def make_tool(
    function: Callable[..., Any],
    options: ToolOptions,
    frame: FrameType | None = None,
    plain: Callable[..., Any] | None = None,
) -> Tool[..., Any]:
    """Make a tool of a function; `frame` is where its annotations are looked up.

    Raises:
        SpecError: listing everything that is wrong with the definition.
    """
    function = called(function)
    name = options.name if options.name is not None else str(getattr(function, "__name__", "?"))
    faults = Faults(f"tool `{name}`")
    docstring = read_docstring(function.__doc__)
    options.inspect(name, faults)
    rule = faults.attempt(lambda: options.rule(name))
    check = faults.attempt(lambda: read_check(options.check, faults.where, frame))
    signature = faults.attempt(lambda: read_signature(function, faults.where, docstring.parameters, frame))
    described = None if signature is None else faults.attempt(lambda: _describe(signature))
    faults.raise_if_any()
    if signature is None or described is None:
        raise AssertionError("a part that is missing left a fault, and faults were raised")
    parameters, returns = described
    return Tool(
        name=name,
        description=docstring.description if options.description is None else options.description,
        access=options.access or "write_once",
        marked=options.access is not None,
        approval=rule,
        timeout_s=options.timeout_s,
        max_result_bytes=options.max_result_bytes,
        version=options.version or _digest(parameters, returns),
        check=check,
        function=function,
        plain=plain or function,
        signature=signature,
        _parameters=parameters,
        _returns=returns,
        _result=Encoding(signature.returns),
    )


def called(given: object) -> Callable[..., Any]:
    """Return the function that a tool is made of; a partial or a callable object becomes one.

    Raises:
        SpecError: what was given cannot be called, or is a tool already.
    """
    if isinstance(given, Tool):
        tool = cast("Tool[..., Any]", given)
        raise refuse(f"tool `{tool.name}`", "it is a tool already", hint="define it once, and give the tool itself")
    if not callable(given) or isinstance(given, type):
        hint = "decorate a function: `@define_tool` or `@define_tool(access=...)`"
        raise refuse("`define_tool`", f"`{given!r}` is no function", hint=hint)
    return function_of(given)


def _describe(signature: ToolSignature) -> tuple[JsonObject, JsonObject | None]:
    faults = Faults(signature.where)
    parameters = faults.attempt(signature.schema)
    result = Encoding(signature.returns)
    is_open = signature.returns is Any
    returns = None if is_open else faults.attempt(lambda: result.check(signature.where, "the result"))
    faults.raise_if_any()
    return parameters or {}, returns


def _digest(parameters: JsonObject, returns: JsonObject | None) -> str:
    written = json.dumps([parameters, returns], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:16]
