"""Scorers of the answer: exactly, as text, number, JSON, list or table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from flowai.evals.alignment import best_total
from flowai.evals.marks import OneOf, holds_marks, mark_of, told
from flowai.evals.met import mark_holds, met
from flowai.evals.scorer import Scorer
from flowai.evals.toolcall import ToolCall

if TYPE_CHECKING:
    from flowai.evals.case import RawSampleOutput, TestCase
    from flowai.evals.score import Score


@dataclass(frozen=True, kw_only=True)
class Answering(Scorer):
    """Compares the response with the expected one."""

    @property
    def name(self) -> str:
        """What the score is called in reports."""
        return "response"

    def score(self, case: TestCase, output: RawSampleOutput) -> Score:
        """Score the response."""
        if case.expected_response is None:
            return self.nothing("the case expects no response")
        if output.actual_response is None:
            return self.nothing("the output has no response")
        return self.compared(case.expected_response, output.actual_response)

    def compared(self, expected: Any, actual: Any) -> Score:
        """Score a value against the expected one."""
        value = self.likeness(expected, actual)
        return self.given(value, "" if value == 1 else f"expected {_short(expected)}, got {_short(actual)}")

    def likeness(self, expected: Any, actual: Any) -> float:
        """Return how alike two values are, from 0 to 1; the expected one may be or hold marks."""
        mark = mark_of(expected)
        if isinstance(mark, OneOf):
            return max((self.likeness(each, actual) for each in mark.values), default=0.0)
        if mark is not None:
            return float(mark_holds(mark, self.read(actual)))
        wanted, found = self.read(expected), self.read(actual)
        return self.marked(wanted, found) if holds_marks(wanted) else self.alike(wanted, found)

    def marked(self, expected: Any, actual: Any) -> float:
        """Return how alike two values are where the expected one holds marks."""
        return self.alike(met(expected, actual, self.alike), actual)

    def alike(self, expected: Any, actual: Any) -> float:
        """Return how alike two values are as they are read."""
        raise NotImplementedError

    def read(self, value: Any) -> Any:
        """Return a value as it is compared."""
        return plain_value(value)


@dataclass(frozen=True, kw_only=True)
class ExactMatch(Answering):
    """The response is the expected one; JSON objects are equal whatever the order of their keys.

    Example:
        >>> ExactMatch().likeness({"a": 1, "b": 2}, {"b": 2, "a": 1}), ExactMatch().likeness("a", "A")
        (1.0, 0.0)
    """

    def alike(self, expected: Any, actual: Any) -> float:
        """Return 1 where the values are the same."""
        return same_json(expected, actual)


@dataclass(frozen=True, kw_only=True)
class Like(Answering):
    """Compares as Rust compares values of one kind."""

    kind: ClassVar[str]
    relative: float = 0.0
    """How far numbers may differ, as a share of the expected one."""
    absolute: float = 0.0
    """How far numbers may differ, as a number."""

    def alike(self, expected: Any, actual: Any) -> float:
        """Return how alike two values are as they are read."""
        return self.compare(self.kind, expected, actual)

    def compare(self, kind: str, expected: Any, actual: Any) -> float:
        """Compare in Rust, as values of a kind."""
        from flowai.interpreters.scoring import likeness

        return likeness(kind, expected, actual, {"relative": self.relative, "absolute": self.absolute})


@dataclass(frozen=True, kw_only=True)
class TextMatch(Like):
    """One less the share of letters that would have to be edited.

    Example:
        >>> TextMatch().likeness("kitten", "mitten") > 0.8
        True
    """

    kind = "text"

    def read(self, value: Any) -> Any:
        """Return a value as text, but for one that holds marks."""
        return value if isinstance(value, str) or holds_marks(value) else json.dumps(plain_value(value), default=str)

    def marked(self, expected: Any, actual: Any) -> float:
        """Return how alike two texts are where marks of the expected one are answered first."""
        return self.alike(json.dumps(met(expected, read_json(actual), same_json)), actual)


@dataclass(frozen=True, kw_only=True)
class NumberMatch(Like):
    """One less the distance as a share of both numbers; 1 within the tolerance; text that is a number counts as one.

    Example:
        >>> NumberMatch(absolute=0.01).likeness(9.99, "9.995")
        1.0
    """

    kind = "number"

    def read(self, value: Any) -> Any:
        """Return a value as a number, or nothing."""
        try:
            return value if isinstance(value, int | float) else float(value)
        except (TypeError, ValueError):
            return None


@dataclass(frozen=True, kw_only=True)
class JsonMatch(Like):
    """The mean likeness over fields and items, to any depth; text that is JSON counts as JSON.

    Example:
        >>> round(JsonMatch().likeness({"a": 2, "b": "x"}, '{"a": 1, "b": "x"}'), 3)
        0.833
    """

    kind = "json"

    def read(self, value: Any) -> Any:
        """Return a value as JSON."""
        return read_json(value)


@dataclass(frozen=True, kw_only=True)
class ListMatch(Like):
    """The mean likeness over the best one-to-one assignment of two lists.

    Example:
        >>> ListMatch().likeness(["a", "b"], ["b", "a"])
        1.0
    """

    kind = "list"

    def read(self, value: Any) -> Any:
        """Return a value as a list."""
        found = read_json(value)
        return cast("object", found) if isinstance(found, list) else [found]

    def marked(self, expected: Any, actual: Any) -> float:
        """Return the mean likeness over the best assignment, each mark answered by the item it is paired with."""
        alike = partial(self.compare, "json")
        weights = [[alike(met(wanted, found, alike), found) for found in actual] for wanted in expected]
        return best_total(weights) / max(len(expected), len(actual))


@dataclass(frozen=True, kw_only=True)
class TableMatch(Answering):
    """Two tables say the same: lists of rows, each an object by column or a list.

    Example:
        >>> TableMatch().likeness([{"sku": "A", "units": 3}], [{"units": 3.0, "sku": "A"}])
        1.0
    """

    row_order: bool = False
    """Whether rows come in the same order."""
    column_order: bool = False
    """Whether columns come in the same order."""
    relative: float = 0.0
    absolute: float = 0.0

    def compared(self, expected: Any, actual: Any) -> Score:
        """Score a table, and say where it differs."""
        if mark_of(expected) is not None:
            return super().compared(expected, actual)
        reason = self._differs(expected, actual)
        return self.given(0.0 if reason else 1.0, reason or "")

    def alike(self, expected: Any, actual: Any) -> float:
        """Return 1 where the tables are the same."""
        return 0.0 if self._differs(expected, actual) else 1.0

    marked = alike

    def _differs(self, expected: Any, actual: Any) -> str | None:
        from flowai.interpreters.scoring import compare_tables

        wanted, found = _table(expected), _table(actual)
        if wanted is None or found is None:
            return f"the {'expected' if wanted is None else 'actual'} value is no table"
        if self.column_order and _columns(wanted) != _columns(found):
            # The columns' order is Python's to compare: objects in Rust have their keys sorted.
            return "the columns are others, or in another order"
        if holds_marks(wanted):
            return self._differs_from_marks(wanted, found)
        tolerance = {"relative": self.relative, "absolute": self.absolute}
        return compare_tables(wanted, found, {"row_order": self.row_order, "tolerance": tolerance})

    def _differs_from_marks(self, wanted: list[Any], found: list[Any]) -> str | None:
        from flowai.evals.trajectory import Trajectory

        order: Literal["sequence", "any"] = "sequence" if self.row_order else "any"
        matcher = Trajectory(order=order, value="bool", relative=self.relative, absolute=self.absolute)
        score = matcher.matched(tuple(map(_row, wanted)), tuple(map(_row, found)))
        return None if score.value == 1 else f"the rows differ: {score.reason}"


def same_json(expected: Any, actual: Any) -> float:
    """Return 1 where two values are the same in JSON."""
    return float(same_value(expected, actual))


def same_value(expected: Any, actual: Any) -> bool:
    """Whether two values are the same in JSON: `1` is `1.0` and not `true`, and a tuple is a list.

    Example:
        >>> same_value((1, 2.0), [1.0, 2]), same_value(1, True)
        (True, False)
    """
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        wanted: dict[Any, Any] = dict(cast("Any", expected))
        found: dict[Any, Any] = dict(cast("Any", actual))
        return wanted.keys() == found.keys() and all(same_value(each, found[key]) for key, each in wanted.items())
    if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        first: list[Any] = list(cast("Any", expected))
        second: list[Any] = list(cast("Any", actual))
        return len(first) == len(second) and all(map(same_value, first, second))
    return isinstance(expected, bool) == isinstance(actual, bool) and bool(expected == actual)


def plain_value(value: Any) -> Any:
    """Return a value in JSON types."""
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def read_json(value: Any) -> Any:
    """Return a value in JSON types; a text that is JSON is read."""
    if not isinstance(value, str):
        return plain_value(value)
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _table(value: Any) -> list[Any] | None:
    found = read_json(value)
    return found if isinstance(found, list) else None  # pyright: ignore[reportUnknownVariableType] — JSON


def _row(written: Any) -> ToolCall:
    return ToolCall("row", written if isinstance(written, Mapping) else {"cells": written})  # pyright: ignore[reportUnknownArgumentType] — JSON


def _columns(table: list[Any]) -> list[str]:
    return list(cast("Mapping[str, Any]", table[0])) if table and isinstance(table[0], Mapping) else []


def _short(value: Any) -> str:
    from flowai.events.visible import quoted, shortened

    try:
        return shortened(quoted(told(plain_value(value))), 60)
    except RecursionError:
        return "what is nested too deep to be shown"
