"""A machine that lacks something to build with is told in one line what to install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.repository import ROOT


def asked(tools: Path, *, python: str = sys.executable) -> list[str]:
    """What the check says where only these tools are on the path."""
    environment = {**os.environ, "PATH": str(tools), "PYTHON": python}
    shell = shutil.which("sh") or "/bin/sh"
    done = subprocess.run(
        [shell, ".ci/toolchain", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return (done.stderr if done.returncode else done.stdout).splitlines()


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    (tmp_path / "sed").symlink_to(shutil.which("sed") or "/bin/sed")
    return tmp_path


def provide(tools: Path, name: str, answer: str) -> None:
    (tools / name).write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="utf-8")
    (tools / name).chmod(0o755)


def test_no_python(tools: Path) -> None:
    [line] = asked(tools, python="no-such-python")
    assert line.startswith("missing: Python 3.11 or newer; install it")


def test_no_rust(tools: Path) -> None:
    [line] = asked(tools)
    assert line == "missing: cargo, the Rust toolchain; install it from https://rustup.rs"


def test_an_old_rust(tools: Path) -> None:
    provide(tools, "cargo", "cargo 1.70.0 (ec8a8a0ca 2023-04-25)")
    [line] = asked(tools)
    assert line.endswith("(found 1.70); run `rustup update stable`")


def test_no_compiler(tools: Path) -> None:
    provide(tools, "cargo", "cargo 1.999.0 (0 2030-01-01)")
    [line] = asked(tools)
    assert line.startswith("missing: a C compiler; install gcc or clang")


def test_a_whole_toolchain_names_its_python(tools: Path) -> None:
    provide(tools, "cargo", "cargo 1.999.0 (0 2030-01-01)")
    provide(tools, "cc", "cc")
    assert asked(tools) == [sys.executable]
