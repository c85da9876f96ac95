"""Nothing in a test waits or measures time: the virtual clock waits, benchmarks measure."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.repository import named, parsed, python_files, rust_files

TIMED = {"time.sleep", "time.time", "time.monotonic", "time.perf_counter", "asyncio.sleep", "timeit.timeit"}
RUST_SLEEP = re.compile(r"\b(?:thread|time)::sleep\(|\bInstant::now\(")
EXCUSE = "real time: "
"""A line may say `# real time: why`, as a probe of a hanging process must."""


def test_no_python_test_waits_or_measures() -> None:
    assert [place for path in python_files("tests") for place in _timed(path)] == []


def test_no_rust_test_waits_or_measures() -> None:
    timed = [
        f"{named(path)}:{number}"
        for path in rust_files("rust")
        for number, line in _tested_lines(path)
        if RUST_SLEEP.search(line) and EXCUSE not in line
    ]
    assert timed == []


def _timed(path: Path) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and _takes_time(node) and EXCUSE not in lines[node.lineno - 1]:
            yield f"{named(path)}:{node.lineno}"


def _takes_time(call: ast.Call) -> bool:
    # `asyncio.sleep(0)` lets the loop turn once and takes no time.
    return ast.unparse(call.func) in TIMED and ast.unparse(call) != "asyncio.sleep(0)"


def _tested_lines(path: Path) -> Iterator[tuple[int, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    whole = "tests" in path.parts or path.stem in {"test", "tests"}
    start = 0 if whole else next((n for n, line in enumerate(lines) if "#[cfg(test)]" in line), len(lines))
    return ((number, line) for number, line in enumerate(lines, 1) if number > start)
