"""Every path that a page names exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.repository import NOT_OURS, ROOT, documents, named

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`([^`\s]+)`")
LINKED = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
FILE = re.compile(r"[\w.*/-]+\.(?:py|pyi|rs|md|toml|json|txt|lock|sqlite|yml|yaml)")
MADE = {".venv", ".benchmarks", "target", "dist"}
"""Folders that a verb makes, so that a page may name what is in them."""


@pytest.mark.parametrize("page", list(documents()), ids=named)
def test_every_path_named_in_a_page_exists(page: Path) -> None:
    missing = sorted({path for path in _paths(page) if not _exists(page, path)})
    assert missing == [], f"{named(page)} names what is not there"


def _paths(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    yield from (target for target in LINKED.findall(text) if not re.match(r"[a-z]+:", target))
    yield from (token.rstrip("/") for token in QUOTED.findall(FENCE.sub("", text)) if _is_path(token))


def _is_path(token: str) -> bool:
    first = token.partition("/")[0]
    if "NNNN" in token or first in MADE or not re.fullmatch(r"[\w.*/-]+", token):
        return False
    if first == ".." and not (ROOT / "/".join(token.split("/")[:2])).exists():
        # The data for tests stands beside the repository, and not with everybody.
        return False
    inside = "/" in token.rstrip("/") or token.endswith("/")
    return bool(FILE.fullmatch(token)) or (inside and (ROOT / first).exists())


def _exists(page: Path, path: str) -> bool:
    if "/" in path or page.parent != ROOT:
        places = [base / path for base in (ROOT, page.parent)]
        if any(place.exists() for place in places if "*" not in path):
            return True
    return any(True for _ in _found(path))


def _found(path: str) -> Iterator[Path]:
    # A bare name, as `journal.rs`, may stand for the one file of that name wherever it is.
    pattern = path.lstrip("/") if "/" in path else f"**/{path}"
    return (found for found in ROOT.glob(pattern) if not (NOT_OURS | MADE).intersection(found.relative_to(ROOT).parts))
