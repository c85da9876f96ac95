"""Edits of what waits for approval, as people write them."""

from __future__ import annotations

import json
from typing import Any


def add_edit(edits: dict[Any, Any], line: str) -> bool:
    """Read one change: an action's field after its number, or a field by name; values are JSON or words.

    Example:
        >>> edits = {}
        >>> add_edit(edits, "0.quantity=12"), add_edit(edits, "goal=less")
        (True, True)
        >>> edits
        {0: {'quantity': 12}, 'goal': 'less'}
    """
    place, equals, written = line.partition("=")
    number, dot, name = place.strip().partition(".")
    if not equals or not number or (dot and not (number.isdecimal() and name)):
        return False
    if dot:
        edits.setdefault(int(number), {})[name.strip()] = _value(written.strip())
    else:
        edits[number] = _value(written.strip())
    return True


def _value(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return written
