"""The pages for newcomers keep their word: programs run, verbs exist, the map is whole."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.repository import CRATES, PACKAGES, ROOT, named

README = ROOT / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VERB = re.compile(r"\bmake ([a-z][a-z-]*)")
LINES_OF_THE_MAP = 300


def sections() -> Iterator[tuple[str, str]]:
    """Each part of the README that has Python, as one program on the lines where it stands."""
    text = README.read_text(encoding="utf-8")
    for part in re.split(r"^(?=## )", text, flags=re.MULTILINE):
        start = text.index(part)
        blocks = [match for match in FENCE.finditer(text, start, start + len(part)) if match.group(1) == "python"]
        if blocks:
            yield part.splitlines()[0].removeprefix("## "), on_their_lines(text, blocks)


def on_their_lines(text: str, blocks: list[re.Match[str]]) -> str:
    """The code with blank lines before and between, so that a traceback names the README's lines."""
    code = ""
    for block in blocks:
        line = text.count("\n", 0, block.start(2))
        code += "\n" * (line - code.count("\n")) + block.group(2)
    return code


@pytest.mark.parametrize(("title", "code"), list(sections()), ids=lambda part: part if "\n" not in part else "")
def test_the_programs_of_the_readme_run(title: str, code: str, tmp_path: Path) -> None:
    script = tmp_path / "readme.py"
    script.write_text(code, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "FLOWAI_INTERPRETER"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{title}\n{done.stderr}"


def test_the_readme_shows_programs() -> None:
    assert len(list(sections())) >= 4


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=named)
def test_every_verb_named_in_a_page_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    quoted = " ".join(match.group() for match in re.finditer(r"`[^`]*`|^make .*$", page.read_text(), re.MULTILINE))
    assert set(VERB.findall(quoted)) <= verbs


def test_the_map_is_short_and_names_every_folder() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_OF_THE_MAP
    missing = [folder for folder in folders() if f"`{folder}`" not in text]
    assert missing == []


def folders() -> Iterator[str]:
    """Each folder of ours that holds sources, as the map names it."""
    for crate in sorted(CRATES.iterdir()):
        yield named(crate)
    for path in [*sorted((CRATES / "core/src").rglob("*")), *sorted(PACKAGES.glob("*/*")), *sorted(PACKAGES.iterdir())]:
        if path.is_dir() and any([*path.glob("*.rs"), *path.glob("*.py")]):
            yield named(path)
