"""Rows as they stand in a file, each with its line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flowai.errors import Fault, SpecError
from flowai.evals.depth import DEPTH_MAX


@dataclass(frozen=True, slots=True)
class Written:
    """One row: what was written, and where."""

    line: int
    row: Any
    lines: dict[str, int]
    """The line of each field, where the format says it."""

    def line_of(self, field: str) -> int:
        """Return the line of a field, or that of the row."""
        return self.lines.get(field, self.line)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one file."""

    rows: list[Written]
    name: str | None = None
    faults: tuple[Fault, ...] = ()
    """What cannot be read as a row at all; the other rows are checked all the same."""


def cases_of(whole: Any, file: str) -> tuple[list[Any], str | None]:
    """Return the cases of a file, and the name that it gives them.

    Raises:
        SpecError: it is no list of cases, and no object with one.
    """
    name = None
    if isinstance(whole, dict):
        fields = cast("dict[str, Any]", whole)
        others = sorted(map(str, set(fields) - {"name", "cases"}))
        if others:
            raise SpecError(f"unknown field `{others[0]}`", where=file, hint="a dataset has `name` and `cases`")
        whole, name = fields.get("cases"), fields.get("name")
        if name is not None and not isinstance(name, str):
            raise SpecError("`name` is no text", where=f"{file}: name", hint=f'write `name: "{name}"`')
    if not isinstance(whole, list):
        raise SpecError("the dataset has no list of cases", where=file, hint="write a list, or `cases:` and a list")
    return cast("list[object]", whole), name


def strangers(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Find what no run could ever be asked or answered, by its path: what has no form in JSON.

    Example:
        >>> list(strangers({"response": [1.5, float("nan")]}))
        [('response.1', 'NaN and infinity have no JSON form')]
    """
    if depth > DEPTH_MAX:
        yield path.partition(".")[0], f"this is nested deeper than {DEPTH_MAX} levels"
    elif isinstance(value, Mapping):
        for key, each in cast("Mapping[object, object]", value).items():
            inner = f"{path}.{key}".lstrip(".")
            if not isinstance(key, str):
                yield inner, "a key that is no text has no JSON form"
            yield from strangers(each, inner, depth + 1)
    elif isinstance(value, list):
        for index, each in enumerate(cast("list[object]", value)):
            yield from strangers(each, f"{path}.{index}".lstrip("."), depth + 1)
    elif (reason := _strange(value)) is not None:
        yield path, reason


def _strange(value: object) -> str | None:
    if isinstance(value, str):
        is_whole = not any("\ud800" <= letter <= "\udfff" for letter in value)
        return None if is_whole else "a lone surrogate has no JSON form"
    if isinstance(value, float):
        return None if math.isfinite(value) else "NaN and infinity have no JSON form"
    return None if value is None or isinstance(value, int) else f"a `{type(value).__name__}` has no JSON form"
