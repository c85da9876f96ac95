"""Datasets in CSV: one case a line, under the names of its fields."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from flowai.errors import Fault, SpecError
from flowai.evals.datasets.rows import Rows, Written

TEXTS = ("id", "prompt", "agent", "mock_response", "recording")
"""Fields that are text, whatever they begin with."""
WORDS = ("expected_trajectory", "tags", "decisions")
"""Fields that may be lists of words."""


def read_csv(text: str, file: str) -> Rows:
    """Read one case a line under the names of its fields; lists and objects are JSON in their cells.

    Raises:
        SpecError: two columns have one name.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows: list[Written] = []
    faults: list[Fault] = []
    try:
        _check_header(reader.fieldnames or (), file)
        for line, row in _numbered(reader):
            if None in row:
                hint = "quote cells that hold commas"
                faults.append(Fault(f"{file}:{line}", "the row has more cells than the header", hint))
            else:
                cells = cast("dict[str, str | None]", row)
                rows.append(Written(line, {name: _cell(name, cell) for name, cell in cells.items() if cell}, {}))
    except csv.Error as error:
        hint = 'write `""` for a quote in a quoted cell, and long texts as JSONL'
        faults.append(Fault(f"{file}:{reader.line_num + 1}", f"this is no CSV: {error}", hint))
    return Rows(rows, faults=tuple(faults))


def _numbered(reader: csv.DictReader[str]) -> Iterator[tuple[int, dict[str | Any, str | Any]]]:
    """Give each row with the line in which it begins."""
    line = reader.line_num + 1
    for row in reader:
        yield line, row
        line = reader.line_num + 1


def _check_header(names: Any, file: str) -> None:
    twice = [name for name, count in Counter(cast("list[str]", names)).items() if count > 1]
    if twice:
        raise SpecError(f"two columns are called `{twice[0]}`", where=f"{file}:1", hint="keep one of them")


def _cell(name: str, text: str) -> Any:
    if name in TEXTS:
        return text
    if text[0] in "[{":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    if name in WORDS:
        return [each.strip() for each in text.split(";") if each.strip()]
    return int(text) if name == "seed" and text.lstrip("-").isdecimal() else text
