"""How an expected trajectory lines up with the actual one: a weighted longest common subsequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowai.evals.case import ToolCall
from flowai.events.visible import visible

NAMES_ONLY = 0.5
"""What two calls of one tool with other arguments are worth."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of an alignment; a side that has no counterpart stands alone."""

    expected: ToolCall | None
    actual: ToolCall | None
    weight: float

    @property
    def sign(self) -> str:
        """How the sides compare: `=`, `~`, `-` for missing, `+` for extra."""
        if self.expected is None:
            return "+"
        if self.actual is None:
            return "-"
        return "=" if self.weight == 1 else "~"


@dataclass(frozen=True, slots=True)
class Alignment:
    """The best way to line up two trajectories; prints as two columns.

    Example:
        >>> print(align([ToolCall("find"), ToolCall("plan")], [ToolCall("plan")]))
          expected  actual
        - find
        = plan      plan
    """

    pairs: tuple[Pair, ...]

    @property
    def weight(self) -> float:
        """The sum over the matched rows."""
        return sum(pair.weight for pair in self.pairs)

    def __str__(self) -> str:
        """Write expected and actual side by side."""
        rows = [("  ", "expected", "actual")]
        rows += [(f"{pair.sign} ", _told(pair.expected), _told(pair.actual)) for pair in self.pairs]
        width = max(len(expected) for _, expected, _ in rows)
        return "\n".join(f"{sign}{expected:<{width}}  {actual}".rstrip() for sign, expected, actual in rows)


def likeness(expected: ToolCall, actual: ToolCall) -> float:
    """Return what a match of two calls is worth, from 0 to 1.

    Arguments count only where the case gives them.
    """
    if expected.name != actual.name:
        return 0.0
    if expected.arguments is None:
        return 1.0
    return 1.0 if dict(expected.arguments) == dict(actual.arguments or {}) else NAMES_ONLY


def align(expected: Sequence[ToolCall], actual: Sequence[ToolCall]) -> Alignment:
    """Return an alignment of the greatest weight that keeps the order of both sides.

    Wagner and Fischer's table (1974) with weights, O(n*m) in time and memory.
    """
    best = _table(expected, actual)
    pairs: list[Pair] = []
    row, column = 0, 0
    while row < len(expected) and column < len(actual):
        weight = likeness(expected[row], actual[column])
        if weight > 0 and best[row][column] == weight + best[row + 1][column + 1]:
            pairs.append(Pair(expected[row], actual[column], weight))
            row, column = row + 1, column + 1
        elif best[row + 1][column] >= best[row][column + 1]:
            pairs.append(Pair(expected[row], None, 0.0))
            row += 1
        else:
            pairs.append(Pair(None, actual[column], 0.0))
            column += 1
    pairs += [Pair(each, None, 0.0) for each in expected[row:]]
    pairs += [Pair(None, each, 0.0) for each in actual[column:]]
    return Alignment(tuple(pairs))


def _table(expected: Sequence[ToolCall], actual: Sequence[ToolCall]) -> list[list[float]]:
    """Return the greatest weight of every pair of tails."""
    best = [[0.0] * (len(actual) + 1) for _ in range(len(expected) + 1)]
    for row in range(len(expected) - 1, -1, -1):
        for column in range(len(actual) - 1, -1, -1):
            matched = likeness(expected[row], actual[column]) + best[row + 1][column + 1]
            best[row][column] = max(matched, best[row + 1][column], best[row][column + 1])
    return best


def _told(call: ToolCall | None) -> str:
    if call is None:
        return ""
    return visible(call.name) if call.arguments is None else str(call)
