"""The ratchet: files over 400 lines and functions over 70 are listed here, and the lists may only shrink."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.repository import named, parsed, python_files, rust_files
from tests.tidy.rust_source import functions

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 70

LONG_FILES: dict[str, int] = {}
"""Path to the lines it has today."""

LONG_FUNCTIONS: dict[str, int] = {}
"""`path::function` to the lines it has today."""


def test_no_file_grows_past_the_list() -> None:
    _ratchet(dict(_long_files()), LONG_FILES)


def test_no_function_grows_past_the_list() -> None:
    _ratchet(dict(_long_functions()), LONG_FUNCTIONS)


def _ratchet(found: dict[str, int], listed: dict[str, int]) -> None:
    grown = {name: lines for name, lines in found.items() if lines > listed.get(name, 0)}
    if grown:
        pytest.fail(f"too long, split it: {grown}")
    shrunk = {name: found.get(name, 0) for name, lines in listed.items() if found.get(name, 0) < lines}
    if shrunk:
        pytest.fail(f"shorter than listed, lower the list (0: take it out): {shrunk}")


def _long_files() -> Iterator[tuple[str, int]]:
    for path in [*python_files(), *rust_files()]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LINES_OF_A_FILE:
            yield named(path), lines


def _long_functions() -> Iterator[tuple[str, int]]:
    for path in [*python_files(), *rust_files()]:
        for name, lines in _functions(path):
            if lines > LINES_OF_A_FUNCTION:
                yield f"{named(path)}::{name}", lines


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    if path.suffix == ".rs":
        yield from functions(path.read_text(encoding="utf-8"))
        return
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1
