"""Programs that keep values, and that write what a human has to allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flowai.laws.references import FIELDS, kept
from flowai.laws.tools import keep, send
from flowai.programs import Do, gather, program

if TYPE_CHECKING:
    from collections.abc import Sequence

LINES = st.sampled_from(["x", "yy", "zzz"])
PIECES: st.SearchStrategy[list[Any]] = st.lists(
    st.one_of(FIELDS.map(kept), LINES.map(keep), LINES.map(send)), min_size=1, max_size=3
)
"""Several such programs."""


def together(pieces: Sequence[Any], *, at_once: bool) -> Any:
    """Return one program of several, side by side or one after the other."""
    return gather(*pieces) if at_once else one_by_one(tuple(pieces))


def gated(pieces: Sequence[Any]) -> int:
    """Count the pieces that a human has to allow."""
    return sum(piece.label().startswith(("keep(", "send(")) for piece in pieces)


@program
def one_by_one(pieces: tuple[Any, ...]) -> Do[Any, tuple[Any, ...]]:
    """Run programs one after the other."""
    answers: list[Any] = []
    for piece in pieces:
        answers.append((yield from piece))  # noqa: PERF401 — a comprehension cannot ask
    return tuple(answers)
