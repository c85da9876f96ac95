"""The page on evals keeps its word: its programs run, and its table is that of the presets."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowai.evals import describe_presets

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/evals.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def numbers() -> Iterator[Any]:
    """Which programs there are; the one that shrinks the restock job runs it some forty times."""
    for number, program in enumerate(PROGRAMS):
        yield pytest.param(number, marks=pytest.mark.slow) if "examples.restock" in program else number


@pytest.mark.parametrize("number", list(numbers()))
def test_the_programs_of_the_page_run(number: int, tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    script.write_text(PROGRAMS[number], encoding="utf-8")
    command = [sys.executable, "-W", "error", str(script)]
    # The examples are no part of what is installed.
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if "except InvariantBroken" in PROGRAMS[number]:
        assert "Calls('report_stock', weeks=104), Reacts(findings)]" in done.stdout


def test_the_page_has_programs_and_the_table_of_presets() -> None:
    assert len(PROGRAMS) >= 4
    assert describe_presets() in PAGE.read_text(encoding="utf-8")
