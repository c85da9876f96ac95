"""A picture or a document that a person gives a model."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import Any, cast

from flowai.errors import ProgramError

SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
"""How the bytes of a kind begin."""


@dataclass(frozen=True, slots=True, init=False)
class File:
    """A picture or a document: its bytes, or the address where the provider fetches it.

    Args:
        content: The bytes.
        media_type: Such as `image/png`; by default found from the bytes or the name.
        name: The name that a person would know it by.

    Raises:
        ProgramError: Its media type is neither given nor found.

    Example:
        >>> File(b"%PDF-1.7 ...", name="menu.pdf")
        File('menu.pdf', application/pdf, 12 bytes)
        >>> File.from_url("https://example.org/cat.png")
        File('https://example.org/cat.png', image/png)
    """

    media_type: str
    """Such as `image/png` or `application/pdf`."""
    name: str | None
    """The name that a person would know it by."""
    content: bytes | None
    """The bytes, or None where `url` says where it is."""
    url: str | None
    """Where the provider fetches it, or None where its bytes are here."""

    def __init__(self, content: bytes, *, media_type: str | None = None, name: str | None = None) -> None:
        given = cast("object", content)
        if not isinstance(given, bytes | bytearray | memoryview):
            hint = "give bytes; or write `File.at(path)` or `File.from_url(url)`"
            raise ProgramError(f"a `{type(given).__name__}` is not the content of a file", hint=hint)
        content = bytes(content)
        found = media_type or _sniffed(content) or _by_name(name)
        self._put(_known(found, name or "the file"), name, content, None)

    @classmethod
    def at(cls, path: str | os.PathLike[str], *, media_type: str | None = None) -> File:
        """Read a file of this machine, now.

        Raises:
            OSError: It cannot be read.
        """
        with open(path, "rb") as opened:  # noqa: PTH123 — takes whatever `open` takes
            return cls(opened.read(), media_type=media_type, name=os.path.basename(os.fspath(path)))  # noqa: PTH119 — as above

    @classmethod
    def from_url(cls, url: str, *, media_type: str | None = None, name: str | None = None) -> File:
        """Name a file that the provider fetches; nothing is fetched here."""
        file = cls.__new__(cls)
        file._put(_known(media_type or _by_name(url.split("?", maxsplit=1)[0]), url), name, None, url)
        return file

    def _put(self, media_type: str, name: str | None, content: bytes | None, url: str | None) -> None:
        for slot, value in (("media_type", media_type), ("name", name), ("content", content), ("url", url)):
            object.__setattr__(self, slot, value)

    def to_json(self) -> dict[str, Any]:
        """Return the form in which a message holds it."""
        written = None if self.content is None else base64.b64encode(self.content).decode()
        fields = {"media_type": self.media_type, "name": self.name, "base64": written, "url": self.url}
        return {name: value for name, value in fields.items() if value is not None}

    def __repr__(self) -> str:
        size = "" if self.content is None else f", {len(self.content):,} bytes"
        return f"File({self.name or self.url or ''!r}, {self.media_type}{size})"


def _sniffed(content: bytes) -> str | None:
    for signature, media_type in SIGNATURES:
        if content.startswith(signature):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def _by_name(name: str | None) -> str | None:
    if name is None:
        return None
    from mimetypes import guess_type

    return guess_type(name)[0]


def _known(media_type: str | None, name: str) -> str:
    if media_type is None:
        raise ProgramError(f"the media type of {name} is not known", hint='say it: `media_type="application/pdf"`')
    return media_type
