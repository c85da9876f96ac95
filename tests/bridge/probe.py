"""A script in a process of its own, and what it said."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PRELUDE = """
import asyncio, contextvars, gc, os, signal, sys, threading, time, weakref
from dataclasses import dataclass
from flowai import CallTool, Chance, Clock, Do, DrawNumber, Effect, Sleep, Tools, ensure, gather, program, pure
from flowai.interpreters import Eval, Live, Test
from flowai.specs.tool import define_tool
# Whoever starts the tests in the background has them ignore Ctrl-C, and a child inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
NOISE = ("panicked", "Exception ignored", "Traceback", "Fatal Python error", "was never awaited", "Task was destroyed")


@dataclass(frozen=True)
class Said:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def noise(self) -> list[str]:
        """What a process must not say at its end."""
        return [line for line in self.err.splitlines() if any(word in line for word in NOISE)]


def run_script(script: str, limit_s: float = 30) -> Said:
    """Run a script with the names of `flowai` at hand."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + textwrap.dedent(script)],
        capture_output=True,
        check=False,
        text=True,
        timeout=limit_s,
        env={**os.environ, "PYTHONFAULTHANDLER": "1"},
    )
    return Said(ended.returncode, ended.stdout, ended.stderr)


def run_scripts(scripts: Sequence[str]) -> list[Said]:
    """Run scripts side by side."""
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(run_script, scripts))
