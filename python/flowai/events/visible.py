"""Text as a terminal may show it: what is invisible or moves the cursor is spelled out."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any, cast

LENGTH_MAX = 200
"""A line is for reading; the event holds the whole."""

_UNSEEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_UNSEEN_LETTERS = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0", "\u034f", "\u17b4", "\u17b5"}


def visible(text: str) -> str:
    r"""Spell out control, bidi and zero-width characters, newlines and backslashes.

    Example:
        >>> visible("pay \u202e9.99\n")
        'pay \\u202e9.99\\n'
    """
    return _spelled(text.replace("\\", "\\\\"))


def quoted(value: Any) -> str:
    r"""Write a value as JSON that a terminal may show, shortened.

    Example:
        >>> quoted({"query": "red\x1b[2J"})
        '{"query": "red\\u001b[2J"}'
    """
    return shortened(_spelled(json.dumps(value, ensure_ascii=False, default=str)))


def called(name: str, arguments: Any) -> str:
    """Write a call as a person would.

    Example:
        >>> called("find_products", {"query": "red", "limit": 3})
        'find_products(query="red", limit=3)'
    """
    if not isinstance(arguments, Mapping):
        return f"{visible(name)}({quoted(arguments)})"
    pairs = cast("Mapping[str, object]", arguments).items()
    inside = ", ".join(f"{visible(key)}={quoted(value)}" for key, value in pairs)
    return shortened(f"{visible(name)}({inside})")


def shortened(text: str, length: int = LENGTH_MAX) -> str:
    """Cut a text that is too long for a line.

    Example:
        >>> shortened("abcdef", 4)
        'abc…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _spelled(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_SHORT.get(each) or (_code(each) if _is_unseen(each) else each) for each in text)


_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _is_unseen(character: str) -> bool:
    return (
        unicodedata.category(character) in _UNSEEN_CATEGORIES
        or character in _UNSEEN_LETTERS
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def _code(character: str) -> str:
    point = ord(character)
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
