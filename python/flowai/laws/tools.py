"""The tools by which the laws see whether something was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from flowai.effects import CallTool, Tools
from flowai.laws.samples import nothing
from flowai.laws.strategies import in_sequence, leaves
from flowai.programs import Do, gather, program, race
from flowai.specs.tool import define_tool

WRITES: list[str] = []
"""What was written since a law cleared it."""


@define_tool(access="write_once")
def write_line(line: str) -> int:
    """Write a line and answer with how many there are."""
    WRITES.append(line)
    return len(WRITES)


@define_tool(access="write_once", approval="always")
async def send_line(line: str) -> int:
    """Write a line that a human has to allow."""
    WRITES.append(line)
    return len(line)


@define_tool(access="write_idempotent", approval="always")
async def keep_line(line: str) -> int:
    """Write a line that a human has to allow, and that may be written again."""
    WRITES.append(line)
    if line == "bad":
        raise OSError("the paper is torn")
    return len(line)


GATED = frozenset({"send_line", "keep_line"})
"""The tools that a human has to allow."""


@program
def write(line: str) -> Do[Tools, int]:
    """Write a line, where no tree shows it."""
    return (yield from CallTool(write_line, line))


@program
def send(line: str) -> Do[Tools, int]:
    """Write a line that a human has to allow, once."""
    return (yield from CallTool(send_line, line))


@program
def keep(line: str) -> Do[Tools, int]:
    """Write a line that a human has to allow, perhaps again."""
    return (yield from CallTool(keep_line, line))


@dataclass(frozen=True)
class KeepsAfter:
    """The function that writes a line after whatever came before."""

    line: str

    def __call__(self, _: object) -> Any:
        """Write."""
        return keep(self.line)


def gated_programs() -> st.SearchStrategy[Any]:
    """Draw programs of every shape that call tools a human has to allow."""
    lines = st.sampled_from(["x", "yy", "zzz", "bad"])
    gated = st.one_of(lines.map(keep), lines.map(send))
    return st.recursive(st.one_of(gated, gated, leaves()), _grown, max_leaves=6)


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        in_sequence(inner, limited=True),
        parts.map(lambda each: nothing(gather(*each))),
        parts.map(lambda each: race(*each)),
    )
