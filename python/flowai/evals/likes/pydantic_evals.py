"""Scores as pydantic-evals gives them: by names, or by the arguments of one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from flowai.evals.likes.reading import calls_of, graded, value, verdict
from flowai.evals.toolcall import ToolCall


def trajectory_match(
    expected: Sequence[Any], actual: Sequence[Any], *, order: Literal["exact", "in_order", "any_order"] = "exact"
) -> float:
    """Names only: exactly, as an F1 of the longest common subsequence, or as an F1 of the overlap."""
    scorer = {"exact": verdict("sequence"), "in_order": graded("sequence"), "any_order": graded("any")}[order]
    return value(_names(expected), _names(actual), scorer)


def tool_correctness(expected: Sequence[Any], actual: Sequence[Any], *, allow_extra: bool = False) -> bool:
    """Each expected tool as often as it is expected, and no other unless that is allowed."""
    return value(_names(expected), _names(actual), verdict("any", extra="allow" if allow_extra else "forbid")) == 1


def argument_correctness(
    expected: Mapping[str, Any],
    actual: Sequence[Any],
    *,
    tool_name: str,
    match_mode: Literal["exact", "subset"] = "subset",
    occurrence: object = "first",
) -> bool:
    """One call of a tool has these arguments; as a `subset` it may have more."""
    chosen = _chosen([call for call in calls_of(actual) if call.name == tool_name], occurrence)
    if chosen is None:
        return False
    # They say that the expected arguments are a subset, we that the actual ones are a superset.
    scorer = replace(verdict("sequence"), args="superset" if match_mode == "subset" else "exact")
    return value((ToolCall(tool_name, expected),), (chosen,), scorer) == 1


def max_tool_calls(expected: int, actual: Sequence[Any]) -> bool:
    """No more calls than this."""
    return len(actual) <= expected


def _names(written: Sequence[Any]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(call.name) for call in calls_of(written))


def _chosen(calls: list[ToolCall], occurrence: object) -> ToolCall | None:
    places: dict[object, int] = {"first": 0, "last": len(calls) - 1}
    place = places.get(occurrence, occurrence)
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(calls):
        return None
    return calls[place]
