"""What the protocols share: pieces of text and server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast


def pieces(text: str) -> Iterator[str]:
    """Cut a text into pieces of seven characters, as tokens might; a very long one into a thousand."""
    length = max(7, len(text) // 1_000)
    for start in range(0, len(text), length):
        yield text[start : start + length]


def event(written: Any, name: str = "") -> str:
    """Write one server-sent event."""
    data = written if isinstance(written, str) else json.dumps(written)
    return f"{f'event: {name}' + chr(10) if name else ''}data: {data}\n\n"


def text_of(content: object) -> str:
    """Return the text of a content that is a text or a list of blocks."""
    if isinstance(content, str):
        return content
    return "".join(str(block.get("text", "")) for block in cast("list[dict[str, Any]]", content))


def read(written: object) -> Any:
    """Return the JSON that a result of a tool was written as."""
    try:
        return json.loads(text_of(written))
    except ValueError:
        return written
