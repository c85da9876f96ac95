"""How an expected trajectory lines up with the actual one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from flowai.evals.toolcall import ToolCall

if TYPE_CHECKING:
    from flowai.interpreters.scoring import Matcher

NAMES_ONLY = 0.5
"""What two calls of one tool with other arguments are worth."""

Row = tuple[int | None, int | None, float]
"""A place on each side, where there is one, and what the match is worth."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of an alignment; a side that has no counterpart stands alone."""

    expected: ToolCall | None
    actual: ToolCall | None
    weight: float

    @property
    def sign(self) -> str:
        """How the sides compare: `=`, `~` for other arguments, `!` for another tool, `-` for missing, `+` for extra."""
        if self.expected is None:
            return "+"
        if self.actual is None:
            return "-"
        if self.weight == 1:
            return "="
        return "~" if self.expected.name == self.actual.name else "!"


@dataclass(frozen=True, slots=True)
class Alignment:
    """The best way to line up two trajectories; prints as two columns.

    Example:
        >>> print(align([ToolCall("find"), ToolCall("plan")], [ToolCall("plan")]))
          expected  actual
        - find
        = plan      plan
    """

    expected: tuple[ToolCall, ...]
    actual: tuple[ToolCall, ...]
    rows: tuple[Row, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The rows with the calls in them."""
        return tuple(
            Pair(None if row is None else self.expected[row], None if column is None else self.actual[column], weight)
            for row, column, weight in self.rows
        )

    @property
    def weight(self) -> float:
        """The sum over the matched rows."""
        return sum(weight for _, _, weight in self.rows)

    def told(self) -> str:
        """Count the rows in words.

        Example:
            >>> align([ToolCall("find")], [ToolCall("plan")]).told()
            '1 missing, 1 extra'
        """
        signs = [pair.sign for pair in self.pairs]
        return ", ".join(f"{signs.count(sign)} {word}" for sign, word in _WORDS.items() if sign in signs)

    def __str__(self) -> str:
        """Write expected and actual side by side."""
        from rich.cells import cell_len

        rows = [("  ", "expected", "actual")]
        rows += [(f"{pair.sign} ", _told(pair.expected), _told(pair.actual)) for pair in self.pairs]
        # Some letters take two places of a terminal, and some none.
        widths = [cell_len(expected) for _, expected, _ in rows]
        gaps = [" " * (max(widths) - width) for width in widths]
        lines = zip(rows, gaps, strict=True)
        return "\n".join(f"{sign}{expected}{gap}  {actual}".rstrip() for (sign, expected, actual), gap in lines)


_WORDS = {"=": "matched", "~": "with other arguments", "!": "other tools", "-": "missing", "+": "extra"}


def align(expected: Sequence[ToolCall], actual: Sequence[ToolCall]) -> Alignment:
    """Return an alignment of the greatest weight that keeps the order of both sides.

    Example:
        >>> align([ToolCall("find")], [ToolCall("find")]).weight
        1.0
    """
    _, rows = _in_sequence().align(expected, actual)
    return Alignment(tuple(expected), tuple(actual), tuple(rows))


def best_total(weights: Sequence[Sequence[float]]) -> float:
    """Return the greatest sum over pairs of a row and a column, each of them taken once at most.

    Example:
        >>> best_total([[1.0, 0.5], [1.0, 0.0]])
        1.5
    """
    columns = max(map(len, weights), default=0)
    judged = [(row, column, weight) for row, each in enumerate(weights) for column, weight in enumerate(each)]
    sides = [ToolCall("item", {})] * len(weights), [ToolCall("item", {})] * columns
    _, rows = _assigned().align(*sides, [], judged, [])
    return sum(weight for _, _, weight in rows)


@cache
def _assigned() -> Matcher:
    from flowai.interpreters.scoring import Matcher

    settings: dict[str, Any] = {"order": "any", "args": "share"}
    return Matcher(settings)


@cache
def _in_sequence() -> Matcher:
    from flowai.interpreters.scoring import Matcher

    settings: dict[str, Any] = {"name_credit": NAMES_ONLY}
    return Matcher(settings)


def _told(call: ToolCall | None) -> str:
    return "" if call is None else str(call)
