"""Calls in the forms that other libraries write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from flowai.evals.toolcall import ToolCall

if TYPE_CHECKING:
    from flowai.evals.trajectory import Trajectory

Written = Mapping[str, Any]


def call_of(written: Written | ToolCall | str) -> ToolCall:
    """Read one call: `{"name", "args"}`, `{"name", "arguments_json"}` or as OpenAI writes it."""
    if isinstance(written, ToolCall):
        return written
    if isinstance(written, str):
        return ToolCall(written)
    inner = cast("Written", written.get("function", written))
    found = next((inner[key] for key in ("args", "arguments", "arguments_json") if key in inner), None)
    return ToolCall(str(inner["name"]), _arguments(found))


def calls_of(written: Sequence[Any]) -> tuple[ToolCall, ...]:
    """Read a trajectory."""
    return tuple(call_of(each) for each in written)


def _arguments(found: object) -> Mapping[str, Any] | None:
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            # What is no JSON has no arguments that could be right.
            return {"$unreadable": found}
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else None


def value(expected: tuple[ToolCall, ...], actual: tuple[ToolCall, ...], scorer: Trajectory) -> float:
    """Return what the matcher gives."""
    found = scorer.matched(expected, actual).value
    return 0.0 if found is None else found


@lru_cache(maxsize=64)
def verdict(order: str, extra: str = "forbid", missing: str = "forbid") -> Trajectory:
    """Return the scorer that says yes or no by names and exact arguments."""
    from flowai.evals.trajectory import Trajectory

    settings: dict[str, Any] = {"order": order, "extra": extra, "missing": missing}
    return Trajectory(value="bool", name_credit=0.0, **settings)


@lru_cache(maxsize=64)
def graded(order: str, args: str = "ignore") -> Trajectory:
    """Return the scorer that gives an F1 of the alignment."""
    from flowai.evals.trajectory import Trajectory

    settings: dict[str, Any] = {"order": order, "args": args}
    return Trajectory(value="f1", name_credit=0.0, **settings)
