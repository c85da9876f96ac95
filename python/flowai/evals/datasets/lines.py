"""Rows as they stand in a file, each with its line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from flowai.errors import Fault, SpecError

HINT_YAML = "install `flowai-harness[evals]`, or write the dataset as JSON"


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


def read_jsonl(text: str, file: str) -> Rows:
    """Read one JSON object a line."""
    rows: list[Written] = []
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(Written(number, json.loads(line), {}))
        except ValueError as error:
            faults.append(Fault(f"{file}:{number}", f"this is no JSON: {error}", "write one object a line"))
    return Rows(rows, faults=tuple(faults))


def read_json(text: str, file: str) -> Rows:
    """Read a list of cases, or an object with `cases`."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError(f"this is no JSON: {error.msg}", where=f"{file}:{error.lineno}") from error
    cases, name = _cases(whole, file)
    lines = list(_item_lines(text, is_list=isinstance(whole, list)))
    return Rows([Written(line, row, {}) for row, line in zip(cases, lines, strict=True)], name)


def read_csv(text: str, file: str) -> Rows:
    """Read one case a line under the names of its fields; lists and objects are JSON in their cells."""
    reader = csv.DictReader(io.StringIO(text))
    rows: list[Written] = []
    faults: list[Fault] = []
    line = 2
    for row in reader:
        if None in row:
            hint = "quote cells that hold commas"
            faults.append(Fault(f"{file}:{line}", "the row has more cells than the header", hint))
        else:
            cells = cast("dict[str, str | None]", row)
            rows.append(Written(line, {name: _cell(name, text) for name, text in cells.items() if text}, {}))
        line = reader.line_num + 1
    return Rows(rows, faults=tuple(faults))


def read_yaml(text: str, file: str) -> Rows:
    """Read a list of cases, or a mapping with `cases`.

    Raises:
        SpecError: it is no YAML, or PyYAML is not installed.
    """
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise SpecError("YAML cannot be read here: PyYAML is not installed", where=file, hint=HINT_YAML) from error
    try:
        whole: Any = yaml.safe_load(text)
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise SpecError(f"this is no YAML: {problem}", where=f"{file}:{line}") from error
    cases, name = _cases(whole, file)
    nodes: list[Any] = node.value if isinstance(whole, list) else _value_of(node, "cases").value
    rows = [Written(_line(each), row, _field_lines(each)) for row, each in zip(cases, nodes, strict=True)]
    return Rows(rows, name, tuple(fault for each in nodes for fault in _written_twice(each, file)))


def _written_twice(node: Any, file: str) -> Iterator[Fault]:
    """Find fields that YAML would let the last one win of."""
    seen: set[str] = set()
    for key, _ in node.value if node.id == "mapping" else ():
        if key.value in seen:
            yield Fault(f"{file}:{_line(key)}: {key.value}", "the field is there twice", "keep one of them")
        seen.add(key.value)


def _cases(whole: Any, file: str) -> tuple[list[Any], str | None]:
    name = None
    if isinstance(whole, dict):
        fields = cast("dict[str, Any]", whole)
        others = sorted(set(fields) - {"name", "cases"})
        if others:
            raise SpecError(f"unknown field `{others[0]}`", where=file, hint="a dataset has `name` and `cases`")
        whole, name = fields.get("cases"), fields.get("name")
    if not isinstance(whole, list):
        raise SpecError("the dataset has no list of cases", where=file, hint="write a list, or `cases:` and a list")
    return cast("list[object]", whole), name


def _item_lines(text: str, *, is_list: bool) -> Iterator[int]:
    """Walk through the items of the list of cases; the text is known to be JSON."""
    decoder, at = json.JSONDecoder(), _skip(text, 0)
    while not is_list:
        # Into the object, from key to key, until the list of cases.
        key, at = decoder.raw_decode(text, _skip(text, at + 1))
        at = _skip(text, _skip(text, at) + 1)
        if key == "cases":
            break
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
    at = _skip(text, at + 1)
    while text[at] != "]":
        yield text.count("\n", 0, at) + 1
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = re.compile(r"[ \t\r\n]*").match(text, at)
    return found.end() if found else at


def _cell(name: str, text: str) -> Any:
    if text[0] in "[{":
        try:
            return json.loads(text)
        except ValueError:
            return text
    if name in ("expected_trajectory", "tags", "decisions"):
        return [each.strip() for each in text.split(";")]
    return int(text) if name == "seed" and text.lstrip("-").isdigit() else text


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _value_of(node: Any, key: str) -> Any:
    return next(value for name, value in node.value if name.value == key)


def _field_lines(node: Any) -> dict[str, int]:
    pairs: list[Any] = node.value if node.id == "mapping" else []
    return {str(key.value): _line(key) for key, _ in pairs}
