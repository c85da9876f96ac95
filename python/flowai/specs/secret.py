"""A text that is never printed, compared in the open, or written down."""

from __future__ import annotations

import hmac
from typing import NoReturn

REVEALED: list[str] = []
"""What `reveal()` gave out in this process, once each and in that order; the native part strikes it out of runs."""

_is_revealed: set[str] = set()


class Secret:
    """A key or token; only `reveal()` gives it out.

    A text of 12 bytes or more that was revealed is struck out of every run of the process from then on: in answers,
    arguments, messages and errors stands `[key]` in its place. The process remembers it until it ends.

    Example:
        >>> f"{Secret('sk-1')} {Secret('sk-1')!r}"
        '*** Secret(***)'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one place that sends it; runs neither keep nor tell it from now on."""
        if self._text not in _is_revealed:
            _is_revealed.add(self._text)
            REVEALED.append(self._text)
        return self._text

    def bare(self) -> str:
        """Return the text for the native part, which tells by itself what of a provider is a secret."""
        return self._text

    def __str__(self) -> str:
        """Hide the text."""
        return "***"

    def __repr__(self) -> str:
        """Hide the text."""
        return "Secret(***)"

    def __format__(self, spec: str) -> str:
        """Hide the text in any format."""
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        """Hash as every other secret does, so that the hash tells nothing."""
        return hash(Secret)

    def __bool__(self) -> bool:
        """Whether there is a text at all."""
        return bool(self._text)

    def __copy__(self) -> Secret:
        """Return itself; a secret does not change."""
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        """Return itself; a secret does not change."""
        return self

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled.

        Raises:
            TypeError: always.
        """
        raise TypeError("a secret is never written down")
