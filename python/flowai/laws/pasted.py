"""A test configuration as code that can be pasted into a test."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Mapping
from dataclasses import fields
from keyword import iskeyword
from types import FunctionType
from typing import Any, cast

from flowai.specs.decision import Approve, Reject
from flowai.specs.script import Calls, Step, Turn
from flowai.specs.testing import TestingConfig

OPTIONS = ("delay_ms", "usage")
"""What `Calls` takes for itself."""


def pasted(testing: TestingConfig, prompt: str, agent: str | None) -> str:
    """Return code that runs a case as it was run.

    Example:
        >>> from flowai.specs.script import Says
        >>> print(pasted(TestingConfig(script=[Says("hi")], decisions=["approve"]), "Go", "clerk"))
        testing = TestingConfig(
            script=[Says('hi')],
            decisions=[Approve()],
        )
        create_runtime(spec, services, testing=testing).blocking.run_specialist('clerk', 'Go')
    """
    told: dict[str, Any] = {"script": testing.script, "decisions": testing.decisions, "faults": testing.faults}
    lines = [f"    {name}={_written(value)}," for name, value in told.items() if value is not None]
    if testing.mock_response is not None:
        lines.insert(0, f"    mock_response={testing.mock_response!r},")
    asked = f"query({prompt!r}, thread_id='t')" if agent is None else f"run_specialist({agent!r}, {prompt!r})"
    return "\n".join(
        ["testing = TestingConfig(", *lines, ")", f"create_runtime(spec, services, testing=testing).blocking.{asked}"]
    )


def _written(value: Any) -> str:
    if isinstance(value, Turn):
        return " + ".join(map(_written, value.steps))
    if isinstance(value, Step | Approve | Reject):
        return _made(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return "{" + ", ".join(f"{key!r}: {_written(each)}" for key, each in pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, cast("list[object]", value))) + "]"
    if isinstance(value, FunctionType) and value.__name__ == "<lambda>":
        return _source_of(value)
    # A function is named; whoever pastes it has it in the test it came from.
    return value.__name__ if callable(value) and hasattr(value, "__name__") else repr(value)


def _source_of(function: FunctionType) -> str:
    code = function.__code__
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except SyntaxError:
        tree = ast.Module([], [])
    written = [each for each in ast.walk(tree) if isinstance(each, ast.Lambda) and each.lineno == code.co_firstlineno]
    return ast.unparse(written[0]) if len(written) == 1 else "..."


def _made(value: Step | Approve | Reject) -> str:
    if isinstance(value, Calls):
        return _called("Calls", [repr(value.tool), *_arguments(value.arguments)], value)
    if isinstance(value, Step):
        given = [_written(getattr(value, each.name)) for each in fields(value) if not each.kw_only]
        return _called(type(value).__name__, given, value)
    if isinstance(value, Reject):
        return f"Reject({value.reason!r})"
    edits = "" if value.edits is None else f"edits={value.edits!r}"
    actions = "" if value.actions is None else f"actions={list(value.actions)!r}"
    return f"Approve({', '.join(filter(None, [actions, edits]))})"


def _called(name: str, given: list[str], step: Step) -> str:
    delay = [f"delay_ms={step.delay_ms}"] if step.delay_ms else []
    usage = [f"usage={step.usage!r}"] if step.usage else []
    return f"{name}({', '.join([*given, *delay, *usage])})"


def _arguments(arguments: Mapping[str, Any]) -> list[str]:
    """Write arguments by name, or as a mapping where a name is no word of Python or means something else there."""
    if all(name.isidentifier() and not iskeyword(name) and name not in OPTIONS for name in arguments):
        return [f"{name}={_written(each)}" for name, each in arguments.items()]
    return [_written(arguments)]
