"""The references of one tool call: stored and loaded through its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowai.specs.handle import Handle
from flowai.specs.reference import Reference, find_reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai._bridge import Session

T = TypeVar("T")


class Shelf:
    """Where a tool stores large values and loads them again."""

    def __init__(self, session: Session, key: tuple[int, int], clock: Callable[[], int]) -> None:
        self._session = session
        self._key = key
        self._clock = clock
        self.glimpses: dict[tuple[str, str], Any] = {}

    async def store(self, kind: Reference[T], value: T, /) -> Handle[T]:
        """Store a value and return its handle.

        Raises:
            ValueNotJson: The value is not of the declared type.
            GlimpseTooLarge: What a model would see of it is over 2 KiB.
        """
        return self.store_sync(kind, value)

    async def load(self, handle: Any, /) -> Any:
        """Return the value of a handle, also of one in text form.

        Raises:
            ReferenceNotFound: The handle is unknown, expired or another tenant's.
        """
        return self.load_sync(handle)

    def store_sync(self, kind: Reference[T], value: T, /) -> Handle[T]:
        """Store a value from a tool that is not async."""
        written, glimpse = kind.encode(value), kind.glimpse_of(value)
        stored = self._session.store_reference(self._key, kind.name, written, glimpse, kind.ttl_ms, self._clock())
        self.glimpses[stored["kind"], stored["id"]] = glimpse
        return kind.handle(stored["id"])

    def load_sync(self, handle: Any, /) -> Any:
        """Return the value of a handle to a tool that is not async."""
        found = Handle.parse(handle)
        written = self._session.load_reference(self._key, found.kind, found.id, self._clock())
        reference = find_reference(found.kind)
        if reference is not None:
            return reference.decode(written)
        return written


def with_glimpses(written: Any, glimpses: dict[tuple[str, str], Any]) -> Any:
    """Return a result in which each handle that the call stored has its glimpse beside it."""
    if not glimpses:
        return written
    if isinstance(written, list):
        return [with_glimpses(each, glimpses) for each in cast("list[object]", written)]
    if isinstance(written, dict):
        return _with_glimpse(cast("dict[str, Any]", written), glimpses)
    return _named(written, glimpses) if isinstance(written, str) else written


def _with_glimpse(written: dict[str, Any], glimpses: dict[tuple[str, str], Any]) -> dict[str, Any]:
    known = set(written) == {"kind", "id"}
    glimpse = glimpses.get((str(written["kind"]), str(written["id"]))) if known else None
    if glimpse is not None:
        return {**written, "glimpse": glimpse}
    return {key: with_glimpses(each, glimpses) for key, each in written.items()}


def _named(written: str, glimpses: dict[tuple[str, str], Any]) -> Any:
    kind, _, content_id = written.partition(":")
    glimpse = glimpses.get((kind, content_id))
    return written if glimpse is None else {"kind": kind, "id": content_id, "glimpse": glimpse}
