"""Marks in values that are compared as a whole: each is answered by what stands in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from flowai.evals.marks import Anything, Mark, Near, OneOf, Where, mark_of, plain

Alike = Callable[[Any, Any], float]
"""How alike two values without marks are, from 0 to 1."""


def met(expected: object, actual: object, alike: Alike) -> Any:
    """Return the expected value with what is there for each mark that holds, and with something unlike for others.

    Example:
        >>> wanted = {"id": Anything(), "units": Near(3, within=1)}
        >>> met(wanted, {"id": "x", "units": 9}, lambda one, other: one == other)
        {'id': 'x', 'units': None}
    """
    mark = mark_of(expected)
    if mark is not None:
        return _answered(mark, actual, alike)
    if isinstance(expected, Mapping):
        found = cast("Mapping[str, object]", actual if isinstance(actual, Mapping) else {})
        fields = cast("Mapping[str, object]", expected)
        return {key: met(each, found[key], alike) if key in found else _absent(each) for key, each in fields.items()}
    if isinstance(expected, list | tuple):
        items = cast("list[object]", actual if isinstance(actual, list | tuple) else [])
        wanted = cast("list[object]", expected)
        there = [met(each, item, alike) for each, item in zip(wanted, items, strict=False)]
        return [*there, *map(_absent, wanted[len(there) :])]
    return expected


def mark_holds(mark: Anything | Near | Where, actual: object) -> bool:
    """Whether a value will do."""
    if isinstance(mark, Where):
        return mark.refuses(actual) is None
    if isinstance(mark, Near):
        is_number = isinstance(actual, int | float) and not isinstance(actual, bool)
        return is_number and abs(cast("float", actual) - mark.value) <= mark.within
    return True


def _answered(mark: Mark, actual: object, alike: Alike) -> Any:
    if isinstance(mark, OneOf):
        several = [met(each, actual, alike) for each in mark.values]
        return max(several, key=lambda each: alike(each, actual), default=_unlike(actual))
    return actual if mark_holds(mark, actual) else _unlike(actual)


def _unlike(actual: object) -> Any:
    return False if actual is None else None


def _absent(expected: object) -> Any:
    """Stand for what has no counterpart, which may not be mistaken for nothing at all."""
    return True if mark_of(expected) is not None else plain(expected)
