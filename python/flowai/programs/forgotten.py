"""The check that no program forgets a `yield from`."""

from __future__ import annotations

import ast
import builtins
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from flowai.effects.effect import Effect
from flowai.errors import ProgramError
from flowai.programs.source import definition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

COMBINATORS = frozenset(
    {
        "agent_step",
        "catch",
        "ensure",
        "fail",
        "fallback",
        "for_each",
        "gather",
        "pure",
        "race",
        "retry",
        "timeout",
    }
)
UNKNOWN = object()
IS_GENERATOR, IS_COROUTINE, IS_ASYNC_GENERATOR = 0x20, 0x80, 0x200
"""Flags of a code object, as `inspect` names them; importing it costs more than the rest of us."""


class Forgotten:
    """The calls that stand as bare statements in one function.

    A name that is not defined yet when the function is decorated is looked up again when it is
    first called.
    """

    def __init__(self, function: Callable[..., Any], names: dict[str, Any]) -> None:
        self._function = function
        self._code = function.__code__
        self._names = names
        node = definition(self._code)
        self._bare = [] if node is None else list(_bare_calls(node))

    def check(self, itself: object) -> Forgotten | None:
        """Refuse the first bare call that asks something; None when nothing is left to look up.

        Args:
            itself: What the function's own name means, for one that calls itself.

        Raises:
            ProgramError: A bare call makes an effect or a program and drops it.
        """
        scope = {**self._scope(), self._function.__name__: itself}
        unknown: list[ast.Call] = []
        for call in self._bare:
            callee = _resolved(call.func, scope)
            if _asks(callee, itself):
                raise self._refused(call)
            if callee is UNKNOWN:
                unknown.append(call)
        # Only the module's names can still appear; the frame's are kept no longer than needed.
        self._bare, self._names = unknown, {}
        return self if unknown else None

    def _scope(self) -> dict[str, Any]:
        closure = zip(self._code.co_freevars, self._function.__closure__ or (), strict=True)
        scope = {**vars(builtins), **self._function.__globals__, **self._names}
        scope.update((name, cell.cell_contents) for name, cell in closure if _is_filled(cell))
        for name in (*self._code.co_varnames, *self._code.co_cellvars):
            scope.pop(name, None)
        return scope

    def _refused(self, call: ast.Call) -> ProgramError:
        written = ast.unparse(call.func)
        where = f"{self._code.co_filename}:{call.lineno}"
        message = f"`{written}(...)` is made and never asked, at {where}"
        return ProgramError(message, hint=f"write `yield from {written}(...)`")


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _bare_calls(node: ast.AST) -> Iterator[ast.Call]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr):
            yield from _dropped(child.value)
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _bare_calls(child)


def _dropped(value: ast.expr) -> Iterator[ast.Call]:
    if isinstance(value, ast.Call):
        yield value
    elif isinstance(value, ast.IfExp):
        yield from _dropped(value.body)
        yield from _dropped(value.orelse)
    elif isinstance(value, ast.BoolOp | ast.Tuple | ast.List):
        for each in value.values if isinstance(value, ast.BoolOp) else value.elts:
            yield from _dropped(each)


def _resolved(callee: ast.expr, scope: dict[str, Any]) -> Any:
    if isinstance(callee, ast.Name):
        return scope.get(callee.id, UNKNOWN)
    if isinstance(callee, ast.Subscript):
        return _resolved(callee.value, scope)
    if isinstance(callee, ast.Attribute):
        owner = _resolved(callee.value, scope)
        # Looking into anything else might run a property.
        return getattr(owner, callee.attr, UNKNOWN) if isinstance(owner, ModuleType | type) else UNKNOWN
    if isinstance(callee, ast.Call):
        return None
    return UNKNOWN


def _asks(callee: Any, itself: object) -> bool:
    if isinstance(callee, type):
        return issubclass(callee, Effect)
    if isinstance(callee, FunctionType):
        return callee.__module__.startswith("flowai.programs.") and callee.__name__ in COMBINATORS
    return isinstance(callee, type(itself))


def refuse_non_generator(function: Callable[..., Any], names: dict[str, Any], *, is_checked: bool = False) -> CodeType:
    """Refuse what cannot describe a program, and return the code of what can.

    Args:
        function: What stands under `@program`.
        names: The local names where it stands.
        is_checked: Whether bare calls were looked for; a function without any `yield` most likely
            forgot one, which is the better message.

    Raises:
        ProgramError: It is no plain generator function.
    """
    given: object = function
    if not isinstance(given, FunctionType):
        name = getattr(given, "__name__", type(given).__name__)
        hint = "write `@program` directly above a `def`"
        raise ProgramError(f"`{name}` is no plain function", hint=hint)
    code = given.__code__
    if wrong := _wrong(code, names, is_checked=is_checked):
        where = f"{code.co_filename}:{code.co_firstlineno}"
        raise ProgramError(f"`{code.co_name}` {wrong[0]}, at {where}", hint=wrong[1])
    return code


def _wrong(code: CodeType, names: dict[str, Any], *, is_checked: bool) -> tuple[str, str] | None:
    if code.co_flags & (IS_COROUTINE | IS_ASYNC_GENERATOR):
        return "is async", "write `def` and `yield from`; waiting is the interpreter's work"
    if code.co_varnames[:1] == ("self",) and "__qualname__" in names:
        return "is a method", "write a plain function and give it the object as an argument"
    if is_checked and not code.co_flags & IS_GENERATOR:
        return "asks nothing", "use `yield from`, or `pure(value)` where there is nothing to ask"
    return None
