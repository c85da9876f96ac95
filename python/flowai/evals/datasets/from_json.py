"""Datasets in JSON: one list of cases, or an object a line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from flowai.errors import Fault, SpecError
from flowai.evals.datasets.rows import Rows, Written, cases_of

ONE_A_LINE = "write one object a line"
KEEP_ONE = "keep one of them"
TOO_DEEP = "it is nested too deep"


class _Decoder(json.JSONDecoder):
    """Reads JSON, and remembers the fields of which `json` would let the last one win."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=self._fields)
        self.twice: list[str] = []
        self.outer: list[str] = []
        """The repeated fields of the object that was read last, which is the outermost one."""

    def _fields(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self.outer = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        self.twice += self.outer
        return dict(pairs)


def read_jsonl(text: str, file: str) -> Rows:
    """Read one JSON object a line."""
    rows: list[Written] = []
    faults: list[Fault] = []
    # Not `splitlines`: a text in JSON may hold what Unicode, and no file, takes for the end of a line.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        decoder = _Decoder()
        try:
            rows.append(Written(number, decoder.decode(line), {}))
        except (ValueError, RecursionError) as error:
            faults.append(Fault(f"{file}:{number}", f"this is no JSON: {_reason(error)}", ONE_A_LINE))
        faults += _told_twice(decoder, f"{file}:{number}")
    return Rows(rows, faults=tuple(faults))


def read_json(text: str, file: str) -> Rows:
    """Read a list of cases, or an object with `cases`.

    Raises:
        SpecError: it is no JSON, or no list of cases.
    """
    decoder = _Decoder()
    try:
        whole: Any = decoder.decode(text)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", None) or _reason(error)
        raise SpecError(f"this is no JSON: {reason}", where=f"{file}:{getattr(error, 'lineno', 1)}") from error
    if isinstance(whole, dict) and decoder.outer:
        raise SpecError(f"the field `{decoder.outer[0]}` is there twice", where=f"{file}:1", hint=KEEP_ONE)
    cases, name = cases_of(whole, file)
    items = list(_items(text, is_list=isinstance(whole, list)))
    rows = [Written(line, row, {}) for row, (line, _) in zip(cases, items, strict=True)]
    faults = [fault for line, each in items for fault in _told_twice(each, f"{file}:{line}")]
    return Rows(rows, name, tuple(faults))


def _told_twice(decoder: _Decoder, where: str) -> Iterator[Fault]:
    for name in decoder.twice:
        yield Fault(f"{where}: {name}", "the field is there twice", KEEP_ONE)


def _reason(error: Exception) -> str:
    return TOO_DEEP if isinstance(error, RecursionError) else str(error)


def _items(text: str, *, is_list: bool) -> Iterator[tuple[int, _Decoder]]:
    """Walk through the items of the list of cases; the text is known to be JSON."""
    plain, at = json.JSONDecoder(), _skip(text, 0)
    while not is_list:
        # Into the object, from key to key, until the list of cases.
        key, at = plain.raw_decode(text, _skip(text, at + 1))
        at = _skip(text, _skip(text, at) + 1)
        if key == "cases":
            break
        _, at = plain.raw_decode(text, at)
        at = _skip(text, at)
    at = _skip(text, at + 1)
    while text[at] != "]":
        decoder, line = _Decoder(), text.count("\n", 0, at) + 1
        _, at = decoder.raw_decode(text, at)
        yield line, decoder
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = re.compile(r"[ \t\r\n]*").match(text, at)
    return found.end() if found else at
