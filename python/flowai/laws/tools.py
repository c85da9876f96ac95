"""The tool by which the laws see whether something was written."""

from __future__ import annotations

from flowai.effects import CallTool, Tools
from flowai.programs import Do, program
from flowai.specs.tool import define_tool

WRITES: list[str] = []
"""What was written since the law cleared it."""


@define_tool(access="write_once")
def write_line(line: str) -> int:
    """Write a line and answer with how many there are."""
    WRITES.append(line)
    return len(WRITES)


@program
def write(line: str) -> Do[Tools, int]:
    """Write a line, where no tree shows it."""
    return (yield from CallTool(write_line, line))
