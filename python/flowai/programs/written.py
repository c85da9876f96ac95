"""Programs in JSON: what a run that outlives its process is begun from again."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import ProgramError, ReplayMismatch, ValueNotJson
from flowai.programs.function import Call, ProgramFunction
from flowai.programs.leaves import Pure
from flowai.programs.parallel import ForEach, Gather, Race
from flowai.programs.program import Program
from flowai.programs.recovery import Ensure, Fallback, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = (str, int, float, bool, type(None))


def write_program(program: Program[Any, Any]) -> dict[str, Any]:
    """Write a program by the import paths of its functions and their arguments.

    Raises:
        ProgramError: It is not made of calls of importable program functions alone.
        ValueNotJson: An argument is not what JSON gives back unchanged.

    Example:
        >>> from flowai.programs import gather, pure
        >>> write_program(gather(pure(1), pure("a")))
        {'node': 'gather', 'programs': [{'node': 'pure', 'value': 1}, {'node': 'pure', 'value': 'a'}]}
    """
    for kind, write in _WRITERS.items():
        if type(program) is kind:
            return {"node": program.node, **write(program)}
    raise ProgramError(
        f"a `{program.node}` cannot be kept in a store",
        hint="give a call of a function under `@program`, or such calls in `gather`, `race` or `fallback`",
    )


def read_program(written: dict[str, Any]) -> Program[Any, Any]:
    """Make the program again.

    Raises:
        ReplayMismatch: A function is not there any more, or has another version than the run began with.
    """
    return _READERS[written["node"]](written)


def _write_call(call: Call[Any, Any]) -> dict[str, Any]:
    keywords = {name: _plain(value, name) for name, value in call.keywords.items()}
    arguments = [_plain(value, str(index)) for index, value in enumerate(call.arguments)]
    return {"function": _named(call.function), "arguments": arguments, "keywords": keywords}


def _write_each(each: ForEach[Any, Any]) -> dict[str, Any]:
    items = [_plain(item, str(index)) for index, item in enumerate(each.items)]
    return {"function": _named(each.function), "items": items, "limit": each.limit}


def _write_all(program: Any) -> dict[str, Any]:
    return {"programs": [write_program(each) for each in program.programs]}


_WRITERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Call: _write_call,
    ForEach: _write_each,
    Gather: _write_all,
    Race: _write_all,
    Fallback: _write_all,
    Pure: lambda pure: {"value": _plain(pure.value, "value")},
    Timeout: lambda limit: {"program": write_program(limit.program), "seconds": limit.seconds},
    Ensure: lambda both: {"program": write_program(both.program), "cleanup": write_program(both.cleanup)},
}

_READERS: dict[str, Callable[[dict[str, Any]], Program[Any, Any]]] = {
    "call": lambda made: _function(made["function"])(*made["arguments"], **made["keywords"]),
    "foreach": lambda made: ForEach(tuple(made["items"]), _function(made["function"]), made["limit"]),
    "gather": lambda made: Gather(tuple(map(read_program, made["programs"]))),
    "race": lambda made: Race(tuple(map(read_program, made["programs"]))),
    "fallback": lambda made: Fallback(tuple(map(read_program, made["programs"]))),
    "pure": lambda made: Pure(made["value"]),
    "timeout": lambda made: Timeout(read_program(made["program"]), made["seconds"]),
    "ensure": lambda made: Ensure(read_program(made["program"]), read_program(made["cleanup"])),
}


def _plain(value: Any, place: str) -> Any:
    if type(value) in PLAIN and value == value:  # noqa: PLR0124 — the one number that is not itself
        return value
    if type(value) is list:
        items: list[Any] = cast("Any", value)
        return [_plain(item, f"{place}[{index}]") for index, item in enumerate(items)]
    if type(value) is dict:
        fields: dict[Any, Any] = cast("Any", value)
        if all(type(name) is str for name in fields):
            return {name: _plain(field, f"{place}.{name}") for name, field in fields.items()}
    message = f"the argument {place} is a `{type(cast('object', value)).__name__}`, which JSON does not give back"
    raise ValueNotJson(message, path=place, hint="give text, numbers, booleans, lists and dicts of them")


def _named(function: Any) -> dict[str, Any]:
    module, name = _module_of(function), getattr(function, "__qualname__", "")
    if not isinstance(function, ProgramFunction) or _found(module, name) is not function:
        raise ProgramError(
            f"`{name or function!r}` cannot be found again by another process",
            hint="put the function under `@program` at the top of a module that can be imported",
        )
    return {"module": module, "name": name, "version": function.release}


def _module_of(function: Any) -> str:
    module: str = getattr(function, "__module__", "")
    if module == "__main__":
        spec = getattr(sys.modules["__main__"], "__spec__", None)
        return module if spec is None else str(spec.name)
    return module


def _found(module: str, name: str) -> Any:
    running = sys.modules["__main__"]
    is_running = module == "__main__" or getattr(getattr(running, "__spec__", None), "name", None) == module
    try:
        found: Any = running if is_running else import_module(module)
    except ImportError:
        return None
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _function(written: dict[str, Any]) -> Any:
    module, name, version = written["module"], written["name"], written["version"]
    function = _found(module, name)
    if not isinstance(function, ProgramFunction):
        raise ReplayMismatch(
            f"the run began with `{module}.{name}`, and there is no such program function",
            hint="resume it where the function can be imported",
        )
    if function.release != version:
        raise ReplayMismatch(
            f"the run began with version {version!r} of `{name}`, and this is version {function.release!r}",
            hint="resume it with the release that began it",
        )
    return cast("Any", function)
