"""Law 15 in full: a million deep on two mebibytes of stack, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

DEPTH = 1_000_000
SHAPES = {"counted": DEPTH, "to_the_left": DEPTH, "to_the_right": DEPTH, "descended": 1}
"""Each shape of `flowai.laws.depth`, with its answer."""

IS_THOROUGH = os.environ.get("FLOWAI_LAWS") == "thorough"
SCRIPT = """
import sys
from flowai.interpreters import Test
from flowai.laws import Subject
from flowai.laws import depth
shape, interpreters = getattr(depth, sys.argv[1]), Subject(Test, int(sys.argv[2]))
print(*depth.on_a_small_stack(interpreters, shape))
"""


@pytest.mark.parametrize("shape", SHAPES if IS_THOROUGH else ["to_the_left", "descended"])
def test_a_million_deep(shape: str) -> None:
    command = [sys.executable, "-W", "error", "-c", SCRIPT, shape, str(DEPTH)]
    ended = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (ended.stdout, ended.stderr) == (f"answer {SHAPES[shape]}\n", "")
    assert ended.returncode == 0
