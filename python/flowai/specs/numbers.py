"""Which numbers a spec accepts."""

from __future__ import annotations

import math


def is_positive(number: object) -> bool:
    """Whether something is a finite number above zero, `True` not counted.

    Example:
        >>> is_positive(1.5), is_positive(0), is_positive(True), is_positive(float("inf"))
        (True, False, False, False)
    """
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return 0 < number < math.inf


def is_whole_and_positive(number: object) -> bool:
    """Whether something is an integer above zero, `True` not counted.

    Example:
        >>> is_whole_and_positive(3), is_whole_and_positive(3.0)
        (True, False)
    """
    return isinstance(number, int) and is_positive(number)
