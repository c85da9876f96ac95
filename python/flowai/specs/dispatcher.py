"""Which tool performs which action of a plan."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypedDict, TypeVar, cast, overload

from flowai.errors import SpecError
from flowai.specs.faults import refuse
from flowai.specs.names import did_you_mean
from flowai.specs.plan import Plan
from flowai.specs.signature import caller, is_context, resolve_annotations
from flowai.specs.tool import Tool, called, make_tool
from flowai.specs.tool_options import Access, ToolOptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import FrameType
    from typing import Unpack

    from flowai.specs.context import ToolContext
    from flowai.specs.encoding import Json, JsonObject
    from flowai.specs.rule import RuleLike

A = TypeVar("A")
P = ParamSpec("P")
R = TypeVar("R")


class EntryOptions(TypedDict, total=False):
    """What may be set on the tool of an action."""

    name: str
    description: str
    access: Access
    approval: RuleLike
    timeout_s: float
    max_result_bytes: int
    version: str
    check: Callable[..., Any]


class EntryDecorator(Protocol[A]):
    """What `dispatcher.on(Variant)` returns."""

    @overload
    def __call__(self, function: Callable[[A, ToolContext[Any]], Awaitable[R]], /) -> Tool[[A], R]: ...
    @overload
    def __call__(self, function: Callable[[A], Awaitable[R]], /) -> Tool[[A], R]: ...
    @overload
    def __call__(self, function: Callable[[A, ToolContext[Any]], R], /) -> Tool[[A], R]: ...
    @overload
    def __call__(self, function: Callable[[A], R], /) -> Tool[[A], R]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """The tool of one kind of action and what undoes it."""

    variant: type[Any]
    tool: Tool[..., Any]
    undo: Tool[..., Any] | None = None
    """Takes the action, then the result where it has a second parameter."""

    def arguments(self, action: Json) -> JsonObject:
        """Return the JSON arguments of the tool for an action."""
        return {self.tool.signature.names[0]: action}

    def undo_arguments(self, action: Json, result: Json) -> JsonObject:
        """Return the JSON arguments of the undo for an action and its result."""
        names = () if self.undo is None else self.undo.signature.names
        return dict(zip(names, (action, result), strict=False))

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {"tool": self.tool.to_json(), "undo": None if self.undo is None else self.undo.to_json()}


class ActionDispatcher(Generic[A]):
    """The tools that perform a plan's actions, one for each kind.

    Example:
        >>> from pydantic import create_model
        >>> Greet = create_model("Greet", kind=(str, "greet"), name=(str, ...))
        >>> Errands = create_model("Errands", actions=(list[Greet], ...))
        >>> from flowai.specs.plan import define_plan
        >>> actions = ActionDispatcher(define_plan(name="Errands", schema=Errands))
        >>> @actions.on(Greet, access="read")
        ... def greet(action: Greet) -> str:
        ...     return f"hello {action.name}"
        >>> greet(Greet(name="Ana")), actions.missing()
        ('hello Ana', ())
    """

    def __init__(self, plan: Plan[A]) -> None:
        given = cast("object", plan)
        if not isinstance(given, Plan):
            hint = 'make one with `define_plan(name="...", schema=Model)`'
            raise refuse("`ActionDispatcher`", f"`{given!r}` is no plan", hint=hint)
        if plan.actions_field is None:
            hint = "give the plan a field `actions: list[TaggedUnion(...)]`"
            raise refuse(f"dispatcher of `{plan.name}`", "the plan has no actions", hint=hint)
        self.plan = plan
        self._entries: dict[str, Entry] = {}
        self._sealed_by: str | None = None

    def on(
        self,
        variant: type[R],
        *,
        undo: Callable[..., Any] | None = None,
        **options: Unpack[EntryOptions],
    ) -> EntryDecorator[R]:
        """Make the decorated function perform one kind of action.

        Args:
            variant: the model of the action.
            undo: a function or tool that takes the action, and the result if it wants it.
            **options: what `define_tool` takes: `access`, `approval`, `timeout_s` and so on.

        Raises:
            SpecError: the plan has no such action, it has a tool already, or the function
                does not take it.
        """
        frame = caller(1)
        kind = self._kind(variant)
        read = ToolOptions.read(options, f"action `{kind}`")

        def register(function: Callable[..., Any]) -> Tool[..., Any]:
            tool = _action_tool(function, variant, read, frame, takes=(1,))
            undone = None if undo is None else _undo_tool(undo, variant, frame, kind)
            self._entries[kind] = Entry(variant, tool, undone)
            return tool

        return cast("EntryDecorator[R]", register)

    def entry(self, kind: str) -> Entry:
        """Return the entry of one kind of action.

        Raises:
            SpecError: no function performs it.
        """
        if kind not in self._entries:
            hint = did_you_mean(kind, self._entries)
            raise refuse(self._where, f"no function performs `{kind}`", hint=hint)
        return self._entries[kind]

    @property
    def entries(self) -> dict[str, Entry]:
        """The entries by kind, a copy."""
        return dict(self._entries)

    def missing(self) -> tuple[str, ...]:
        """Return the kinds of action that no function performs."""
        return tuple(kind for kind in self.plan.variants if kind not in self._entries)

    def seal(self, owner: str) -> None:
        """Refuse further functions; an agent's spec is frozen and holds this dispatcher."""
        self._sealed_by = owner

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {kind: entry.to_json() for kind, entry in self._entries.items()}

    @property
    def _where(self) -> str:
        return f"dispatcher of `{self.plan.name}`"

    def _kind(self, variant: type[Any]) -> str:
        name = getattr(variant, "__name__", str(variant))
        if self._sealed_by is not None:
            hint = "register every function before `define_executor`"
            raise refuse(self._where, f"`{name}` comes after `{self._sealed_by}` was defined", hint=hint)
        kinds = {known: kind for kind, known in self.plan.variants.items()}
        if variant not in kinds:
            hint = did_you_mean(name, [known.__name__ for known in kinds])
            raise refuse(self._where, f"the plan has no action `{name}`", hint=hint)
        if kinds[variant] in self._entries:
            raise refuse(self._where, f"`{name}` has a function already", hint="register each action once")
        return kinds[variant]


def _action_tool(
    function: Callable[..., Any],
    variant: type[Any],
    options: ToolOptions,
    frame: FrameType | None,
    takes: tuple[int, ...],
) -> Tool[..., Any]:
    if isinstance(function, Tool):
        tool = cast("Tool[..., Any]", function)
    else:
        tool = make_tool(_context_first(called(function), frame), options, frame, plain=function)
    _check_action(tool, variant, takes)
    return tool


def _undo_tool(undo: Callable[..., Any], variant: type[Any], frame: FrameType | None, kind: str) -> Tool[..., Any]:
    try:
        return _action_tool(undo, variant, ToolOptions(), frame, takes=(1, 2))
    except SpecError as error:
        raise SpecError([each._replace(where=f"`undo` of `{kind}`: {each.where}") for each in error.faults]) from error


def _check_action(tool: Tool[..., Any], variant: type[Any], takes: tuple[int, ...]) -> None:
    names = tool.signature.names
    taken = tool.signature.annotations.get(names[0]) if names else None
    if len(names) not in takes or taken is not variant:
        hint = f"write `(action: {variant.__name__}, ctx: ToolContext[Services])`; the context may be left out"
        raise refuse(f"tool `{tool.name}`", f"it does not take the action `{variant.__name__}`", hint=hint)


def _context_first(function: Callable[..., Any], frame: FrameType | None) -> Callable[..., Any]:
    """Move a context that stands last to the front, where tools have it."""
    signature = inspect.signature(function)
    *leading, last = signature.parameters.values() or (None,)
    hints = resolve_annotations(function, f"tool `{function.__name__}`", frame)
    if last is None or not leading or not is_context(hints.get(last.name)):
        return function
    name = last.name

    @wraps(function)
    def with_context_first(context: Any, /, *args: Any, **keywords: Any) -> Any:
        return function(*args, **keywords, **{name: context})

    with_context_first.__dict__["__signature__"] = signature.replace(parameters=[last, *leading])
    return with_context_first
