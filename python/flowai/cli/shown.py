"""Words of models and tools, made safe to show in a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from rich.text import Text

from flowai.events.visible import visible

HARMLESS = re.compile(r"\\u(0026|003c|003e)")
"""Markup of the web, which approvals escape and a terminal need not."""


def told(text: str) -> str:
    r"""Spell out what a terminal would obey, and keep the lines.

    Example:
        >>> print(told("one\ntwo \x1b[2J"))
        one
        two \u001b[2J
    """
    return "\n".join(_line(line) for line in text.split("\n"))


def safe(value: object, style: str = "") -> Text:
    r"""Return a value as one line in which neither control characters nor markup mean anything.

    Example:
        >>> safe("[bold]9.99[/]\u202e").plain
        '[bold]9.99[/]\\u202e'
    """
    return Text(_line(as_text(value)), style=style)


def reviewed(value: object, style: str = "") -> Text:
    r"""Return a value of an approval, whose texts the core has escaped already.

    Example:
        >>> reviewed({"supplier": r"R\u0026D & Sons\u202e"}).plain
        '{supplier: "R&D & Sons\\u202e"}'
    """
    return Text(_line(HARMLESS.sub(lambda code: chr(int(code[1], 16)), _written(value))), style=style)


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


def without_kind(arguments: Any) -> Any:
    """Leave out the tag of an action whose kind is shown already.

    Example:
        >>> without_kind({"kind": "order_article", "quantity": 12})
        {'quantity': 12}
    """
    if not isinstance(arguments, Mapping):
        return arguments
    return {name: value for name, value in cast("Mapping[str, Any]", arguments).items() if name != "kind"}


def _line(line: str) -> str:
    # A backslash stays one: doubled, every Windows path and every escape would be hard to read.
    return "\\".join(visible(part) for part in line.split("\\"))


def _written(value: object, *, inside: bool = False) -> str:
    # Not JSON, which would escape the escapes.
    if isinstance(value, str):
        return f'"{value}"' if inside else value
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value).items()
        return "{" + ", ".join(f"{name}: {_written(each, inside=True)}" for name, each in fields) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(each, inside=True) for each in cast("list[object]", value)) + "]"
    return as_text(value)
