"""Type checkers accept what is right, and report what is wrong on the very lines marked."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CASES = sorted(path for path in (*HERE.glob("accepted/*.py"), *HERE.glob("rejected/*.py")))
MARKER = "# expect-error"


def marked(path: Path) -> set[int]:
    lines = path.read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if MARKER in line}


def lines_of_pyright(path: Path, folder: Path) -> dict[int, str]:
    config = {
        "include": [os.path.relpath(path, folder)],
        "extraPaths": [os.path.relpath(each, folder) for each in (ROOT / "python", ROOT)],
        "typeCheckingMode": "strict",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(folder)]
    printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = json.loads(printed)["generalDiagnostics"]
    return {each["range"]["start"]["line"] + 1: each["message"] for each in found if each["severity"] == "error"}


def lines_of_mypy(path: Path, folder: Path) -> dict[int, str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder), "--no-error-summary"]
    command += ["--explicit-package-bases", "--namespace-packages", str(path)]
    paths = os.pathsep.join(map(str, (ROOT / "python", ROOT)))
    printed = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env={**os.environ, "MYPYPATH": paths}
    ).stdout
    found = re.findall(rf"{re.escape(path.name)}:(\d+): error: (.*)", printed)
    return {int(line): message for line, message in found}


CHECKERS = {"pyright": lines_of_pyright, "mypy": lines_of_mypy}


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.parametrize("checker", sorted(CHECKERS))
def test_a_checker_reports_the_marked_lines_and_no_other(checker: str, path: Path, tmp_path: Path) -> None:
    pytest.importorskip(checker)
    if path.stem == "interpreters" and importlib.util.find_spec("flowai.interpreters") is None:
        pytest.skip("the interpreters are not built")
    reported = CHECKERS[checker](path, tmp_path)
    unexpected = {line: message for line, message in reported.items() if line not in marked(path)}
    assert unexpected == {}
    assert marked(path) - set(reported) == set()
