"""Names that say nothing are banned for files, folders, modules and types."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.repository import ROOT, named, parsed, python_files, rust_files
from tests.tidy.rust_source import names

BANNED = {"manager", "helper", "util", "common", "misc", "data", "info"}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def test_no_file_or_folder_has_an_empty_name() -> None:
    paths = {part for path in [*python_files(), *rust_files()] for part in (path, *path.relative_to(ROOT).parents)}
    assert sorted(str(path) for path in paths if _says_nothing(path.stem)) == []


def test_no_type_has_an_empty_name() -> None:
    found = [
        f"{named(path)}: {name}"
        for path in [*python_files(), *rust_files()]
        for name in _types(path)
        if _says_nothing(name)
    ]
    assert found == []


def test_words_are_seen_in_either_spelling() -> None:
    assert all(map(_says_nothing, ["PlanManager", "io_utils", "helpers", "RunInfo", "HTTPData"]))
    assert not any(map(_says_nothing, ["database", "Informed", "Utility", "metadata", "commonly"]))


def _types(path: Path) -> Iterator[str]:
    if path.suffix == ".rs":
        yield from names(path.read_text(encoding="utf-8"))
        return
    yield from (node.name for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef))


def _says_nothing(name: str) -> bool:
    words = {word.lower() for word in WORD.findall(name)}
    return bool(words & (BANNED | {f"{word}s" for word in BANNED}))
