"""Which numbers a spec accepts."""

from __future__ import annotations

import math
from typing import cast


def is_positive(number: object) -> bool:
    """Whether something is a finite number above zero, `True` not counted.

    Example:
        >>> is_positive(1.5), is_positive(0), is_positive(True), is_positive(float("inf"))
        (True, False, False, False)
    """
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return 0 < number < math.inf


def is_from_zero(number: object) -> bool:
    """Whether something is a number of zero or more, of whatever type.

    Example:
        >>> is_from_zero(0), is_from_zero(float("inf")), is_from_zero(float("nan")), is_from_zero("1")
        (True, True, False, False)
    """
    try:
        return bool(cast("float", number) >= 0)
    except TypeError:
        return False


def is_whole_and_positive(number: object) -> bool:
    """Whether something is an integer above zero, `True` not counted.

    Example:
        >>> is_whole_and_positive(3), is_whole_and_positive(3.0)
        (True, False)
    """
    return isinstance(number, int) and is_positive(number)
