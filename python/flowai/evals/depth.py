"""How deep a value of a case may be nested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

DEPTH_MAX = 100
"""How many levels what is expected may have; what is scored is nested a little deeper."""


def is_too_deep(value: object) -> bool:
    """Whether a value has more levels than can be compared; looks at one level after another, whatever there are.

    Example:
        >>> is_too_deep([[[]]])
        False
    """
    level = [value]
    for _ in range(DEPTH_MAX + 1):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def _inside(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return list(cast("Mapping[object, object]", value).values())
    return list(cast("list[object]", value)) if isinstance(value, list | tuple) else []
