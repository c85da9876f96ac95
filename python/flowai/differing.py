"""How two questions differ, in lines for the text of an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHOWN = 12
"""How many fields are told."""


def differing(diff: Sequence[Mapping[str, object]]) -> list[str]:
    """Return a line for each field that differs, the first ones only where there are many."""
    left = [f"  and {len(diff) - SHOWN} more"] if len(diff) > SHOWN else []
    return [*map(_line, diff[:SHOWN]), *left]


def _line(field: Mapping[str, object]) -> str:
    # In ASCII: what a model said may hold letters that turn a terminal's lines around.
    before, after = (json.dumps(field.get(side), default=repr) for side in ("before", "after"))
    path = json.dumps(field["path"] or "/")[1:-1]
    return f"  {path}: {_short(before)} before, {_short(after)} now"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
