"""The row of a program function, read from its return annotation."""

from __future__ import annotations

import ast
from collections.abc import Generator
from types import UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, Never, NoReturn, TypeVar, Union, cast, get_args, get_origin

from flowai.effects.effect import Effect
from flowai.effects.families import FAMILIES
from flowai.errors import SpecError
from flowai.programs.structure import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HINT = "annotate the return as Do[Row, Answer]"


class Row(NamedTuple):
    """What a program function declares to ask."""

    families: frozenset[type]
    """The families and effects named."""
    is_open: bool
    """Whether it also asks what the programs given to it ask, by a type variable."""


def row_of(function: Callable[..., Any], names: Mapping[str, Any]) -> Row:
    """Read the row of a function from its `Do[Row, Answer]`.

    Args:
        function: The function under `@program`.
        names: The local names where it is decorated.

    Raises:
        SpecError: The annotation is missing, names something unknown, or is no `Do`.
    """
    written = _annotation(function)
    if isinstance(written, str):
        written = _evaluated(_row_expression(written, function), function, names)
    elif get_origin(written) is Generator:
        written = get_args(written)[0]
    else:
        raise _refused(function, "is not a `Do`")
    if isinstance(written, str):
        written = _evaluated(written, function, names)
    return _row(written, function)


def _annotation(function: Callable[..., Any]) -> Any:
    try:
        return function.__annotations__["return"]
    except KeyError:
        raise _refused(function, "is missing") from None


def _row_expression(written: str, function: Callable[..., Any]) -> str:
    # Only the row is evaluated: the answer may be a type that is defined further down.
    try:
        tree = ast.parse(written, mode="eval").body
    except SyntaxError:
        raise _refused(function, "cannot be read") from None
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return _row_expression(tree.value, function)
    if isinstance(tree, ast.Subscript) and isinstance(tree.slice, ast.Tuple) and tree.slice.elts:
        return ast.unparse(tree.slice.elts[0])
    raise _refused(function, "is not a `Do`")


def _evaluated(expression: str, function: Callable[..., Any], names: Mapping[str, Any]) -> Any:
    scope: dict[str, Any] = {**vars(_builtins()), **function.__globals__, **names, **_closure(function)}
    try:
        return eval(expression, scope)  # noqa: S307 — the author's own annotation
    except Exception as error:  # an annotation may fail in any way
        raise _refused(function, f"names a row that cannot be read, `{expression}`: {error}") from error


def _builtins() -> Any:
    import builtins

    return builtins


def _closure(function: Callable[..., Any]) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if _is_filled(cell)}


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _row(written: Any, function: Callable[..., Any]) -> Row:
    families: set[type] = set()
    is_open = False
    for member in _members(written):
        if isinstance(member, TypeVar) or member is Any:
            is_open = True
        else:
            families.update(_families(member, function))
    return Row(frozenset(families), is_open)


def _members(written: Any) -> Iterator[Any]:
    if get_origin(written) in {Union, UnionType}:
        for member in get_args(written):
            yield from _members(member)
    elif written is not Never and written is not NoReturn:
        yield written


def _families(member: Any, function: Callable[..., Any]) -> tuple[type, ...]:
    named: Any = get_origin(member) or member
    if named in FAMILIES:
        return (named,)
    if _is_effect(named):
        return cast("tuple[type, ...]", named.families if issubclass(named, FAMILIES) else (named,))
    raise _refused(function, f"names `{name_of(named)}`, which is no family and no effect")


def _is_effect(named: Any) -> bool:
    return isinstance(named, type) and issubclass(named, Effect)


def _refused(function: Callable[..., Any], wrong: str) -> SpecError:
    code = function.__code__
    where = f"{code.co_filename}:{code.co_firstlineno}"
    return SpecError(f"the return annotation of `{function.__name__}` {wrong}", where=where, hint=HINT)
