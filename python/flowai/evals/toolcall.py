"""One step of a trajectory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from flowai.errors import SpecError
from flowai.evals.marks import told


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One step of a trajectory: a tool, and its arguments where they matter.

    Example:
        >>> str(ToolCall("find", {"query": "red"}))
        'find(query="red")'
    """

    name: str
    arguments: Mapping[str, Any] | None = None
    """Not compared where there are none. A value may be a mark, such as `Anything()` or `Near(3, within=1)`."""
    failed: bool = False
    """Whether the call failed; `count="successful"` leaves such calls out."""

    def __str__(self) -> str:
        """Write the call as a person would."""
        from flowai.events.visible import called, visible

        written = visible(self.name) if self.arguments is None else called(self.name, told(self.arguments))
        return f"{written} failed" if self.failed else written


Step = str | ToolCall
"""A step is named, or given with its arguments."""

HINT = 'write `["find", ToolCall("place", {"units": 3})]`'


def to_steps(written: object, where: str) -> tuple[ToolCall, ...] | None:
    """Read a trajectory; nothing stays nothing.

    Raises:
        SpecError: it is no list of names and `ToolCall`s.
    """
    if written is None:
        return None
    if not isinstance(written, Sequence) or isinstance(written, str):
        raise SpecError("a trajectory is a list of steps", where=where, hint=HINT)
    steps = cast("Sequence[object]", written)
    return tuple([_named(each) if isinstance(each, str) else _step(each, where) for each in steps])


@lru_cache(maxsize=1024)
def _named(name: str) -> ToolCall:
    return ToolCall(name)


def _step(written: object, where: str) -> ToolCall:
    if isinstance(written, ToolCall):
        return written
    raise SpecError(f"`{written!r}` is no step", where=where, hint=HINT)
