"""Files that nothing names: a Python module that nobody imports, a Rust file that is in no module."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.repository import CRATES, PACKAGES, ROOT, dotted, imported, named, parsed, python_files, rust_files
from tests.tidy.rust_source import modules

ENTRANCES = {"__init__", "__main__"}


def test_every_python_module_is_used() -> None:
    used = {name for path in python_files("python") for name in _named_in(path)}
    used.update(_scripts(), _opened_from_rust())
    dead = [named(path) for path in python_files("python") if path.stem not in ENTRANCES and dotted(path) not in used]
    assert dead == []


def test_every_rust_file_is_in_a_module() -> None:
    reached = set[Path]()
    waiting = [path for crate in CRATES.iterdir() for path in _roots(crate)]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting.extend(modules(path))
    dead = [named(path) for path in rust_files("rust") if path not in reached and path.name != "build.rs"]
    assert dead == []


def _named_in(path: Path) -> Iterator[str]:
    # The facades import on first use, from tables whose strings are module names.
    tree = parsed(path)
    yield from (name for _, name in imported(tree))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (PACKAGES / node.value.split(".")[0]).is_dir()
        ):
            yield node.value.partition(":")[0]


def _scripts() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    yield from (target.partition(":")[0] for target in project["scripts"].values())
    yield from (target for group in project["entry-points"].values() for target in group.values())


def _opened_from_rust() -> Iterator[str]:
    for path in rust_files("rust"):
        yield from re.findall(r'"(flowai(?:\.\w+)+)"', path.read_text(encoding="utf-8"))


def _roots(crate: Path) -> Iterator[Path]:
    yield from (path for path in (crate / "src/lib.rs", crate / "src/main.rs") if path.exists())
    for folder in ("src/bin", "tests", "benches", "examples"):
        yield from (crate / folder).glob("*.rs")
        yield from (crate / folder).glob("*/main.rs")
