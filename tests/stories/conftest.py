"""The collector of stories: each `.md` file here is prose, a program with its script, and what is told."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

BLOCK = re.compile(r"^```(?P<kind>python|text)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
ID = re.compile(r"\b(?P<kind>approval|plan)_[0-9a-f]{32}\b")
WRITES = os.environ.get("FLOWAI_STORIES") == "write"
"""Whether the transcripts are written down anew instead of compared."""


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> "Story | None":
    if file_path.suffix == ".md" and file_path.parent == Path(__file__).parent:
        story: Story = cast("Any", Story).from_parent(parent, path=file_path)
        return story
    return None


class Story(pytest.File):
    """One file: its `python` blocks run in order, and each `text` block is what the last `run` told."""

    def collect(self) -> Iterator["Telling"]:
        telling: Telling = cast("Any", Telling).from_parent(self, name=self.path.stem)
        yield telling


class Telling(pytest.Item):
    """A story that is told once more."""

    def runtest(self) -> None:
        written = self.path.read_text(encoding="utf-8")
        told = _told(written, str(self.path))
        if WRITES:
            self.path.write_text(told, encoding="utf-8")
        elif told != written:
            raise AssertionError(_difference(written, told))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, AssertionError):
            return f"the story is told otherwise; `FLOWAI_STORIES=write` writes it down:\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"story: {self.name}"


def _told(story: str, name: str) -> str:
    """Return a story whose transcripts are what its programs tell now."""
    scope: dict[str, Any] = {"__name__": "story"}

    def block(found: re.Match[str]) -> str:
        if found["kind"] == "text":
            return f"```text\n{_transcript(scope['run'])}\n```"
        # Blank lines keep the numbers of lines in tracebacks.
        lines_before = "\n" * (story[: found.start("body")].count("\n"))
        exec(compile(lines_before + found["body"], name, "exec"), scope)  # noqa: S102 — the stories are ours
        return found[0]

    return BLOCK.sub(block, story)


def _transcript(run: Any) -> str:
    """Return one aligned line an event; drawn ids are numbered by when they first appear."""
    known: dict[str, str] = {}

    def short(found: re.Match[str]) -> str:
        numbers = sum(each.startswith(found["kind"]) for each in known)
        return known.setdefault(found[0], f"{found['kind']}_{numbers + 1}")

    lines = (f"{event.agent or '-':<9} {event.type:<18} {event.told()}".rstrip() for event in run.events)
    return "\n".join(ID.sub(short, line) for line in lines)


def _difference(written: str, told: str) -> str:
    import difflib

    return "\n".join(difflib.unified_diff(written.splitlines(), told.splitlines(), "written", "told", lineterm="", n=1))
