"""Words of models and tools, made safe to show in a terminal."""

from __future__ import annotations

import json
from typing import Any

from rich.text import Text

from flowai.events.visible import visible


def told(text: str) -> str:
    r"""Spell out what a terminal would obey, and keep the lines.

    Example:
        >>> print(told("one\ntwo \x1b[2J"))
        one
        two \u001b[2J
    """
    return "\n".join(_line(line) for line in text.split("\n"))


def safe(value: object, style: str = "") -> Text:
    r"""Return a value as text in which neither control characters nor markup mean anything.

    Example:
        >>> safe("[bold]9.99[/]\u202e").plain
        '[bold]9.99[/]\\u202e'
    """
    return Text(visible(as_text(value)), style=style)


def as_text(value: object) -> str:
    """Return texts as they are and anything else as JSON.

    Example:
        >>> as_text({"quantity": 12})
        '{"quantity": 12}'
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def is_action(card: Any) -> bool:
    """Whether a card of an approval shows one action of a plan."""
    return isinstance(card, dict) and "index" in card


def _line(line: str) -> str:
    # A backslash stays one: this is prose, not something to be approved by the letter.
    return "\\".join(visible(part) for part in line.split("\\"))
