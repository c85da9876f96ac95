"""Verdicts as the Berkeley Function-Calling Leaderboard gives them for Python functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def ast(
    expected: Sequence[Mapping[str, Any]],
    actual: Sequence[Mapping[str, Any]],
    *,
    functions: Sequence[Mapping[str, Any]],
) -> bool:
    """Each call has an answer that allows it, by the types that the functions declare.

    Args:
        expected: `{name: {argument: [values that will do]}}` for each call; an empty text among the values says that
            the argument may be left out.
        actual: `{name: {argument: value}}` for each call, in any order.
        functions: how the functions are declared.
    """
    return reason(expected, actual, functions=functions) is None


def reason(
    expected: Sequence[Mapping[str, Any]],
    actual: Sequence[Mapping[str, Any]],
    *,
    functions: Sequence[Mapping[str, Any]],
) -> str | None:
    """Return what is wrong with the calls, or nothing."""
    from flowai.interpreters.scoring import check_calls

    return check_calls(list(functions), list(expected), list(actual))
