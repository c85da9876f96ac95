"""Scores as agentevals gives them: over messages, calls of one message in any order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from flowai.evals.likes.reading import calls_of, value
from flowai.evals.toolcall import ToolCall

if TYPE_CHECKING:
    from flowai.evals.trajectory import Predicate, Trajectory

Messages = Sequence[Mapping[str, Any]]


def strict(expected: Messages, actual: Messages, **settings: Any) -> bool:
    """The same messages with the same calls in each."""
    scorer = _scorer(**settings)
    if [each["role"] for each in expected] != [each["role"] for each in actual]:
        return False
    return all(
        value(_calls([wanted]), _calls([done]), scorer) == 1 for wanted, done in zip(expected, actual, strict=True)
    )


def unordered(expected: Messages, actual: Messages, **settings: Any) -> bool:
    """The same calls, whatever their order."""
    return value(_calls(expected), _calls(actual), _scorer(**settings)) == 1


def subset(expected: Messages, actual: Messages, **settings: Any) -> bool:
    """No call that is not expected."""
    return value(_calls(expected), _calls(actual), _scorer(missing="allow", **settings)) == 1


def superset(expected: Messages, actual: Messages, **settings: Any) -> bool:
    """Every call that is expected."""
    return value(_calls(expected), _calls(actual), _scorer(extra="allow", **settings)) == 1


def _calls(messages: Messages) -> tuple[ToolCall, ...]:
    return tuple(call for each in messages for call in calls_of(each.get("tool_calls") or ()))


def _scorer(
    *,
    tool_args_match_mode: str = "exact",
    tool_args_match_overrides: Mapping[str, Any] | None = None,
    extra: str = "forbid",
    missing: str = "forbid",
) -> Trajectory:
    from flowai.evals.trajectory import Trajectory

    rules = tool_args_match_overrides or {}
    predicates = {tool: _turned(rule) for tool, rule in rules.items() if callable(rule)}
    tools = {tool: _rule(rule) for tool, rule in rules.items() if not callable(rule)}
    settings: dict[str, Any] = {"args": tool_args_match_mode, "extra": extra, "missing": missing}
    return Trajectory(order="any", value="bool", name_credit=0.0, tools=tools, predicates=predicates, **settings)


def _rule(rule: Any) -> Mapping[str, Any]:
    return {"args": rule} if isinstance(rule, str) else {"only": list(cast("Sequence[str]", rule))}


def _turned(rule: Callable[..., Any]) -> Predicate:
    """Ask a function of theirs, which takes the actual arguments first."""

    def holds(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
        return bool(rule(actual, expected))

    return holds
