"""A recording: what a program asked and what it was answered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Recording:
    """The records of one run in their order, in JSON types.

    What stands in the single records is checked when they are replayed.

    Raises:
        StorageError: What was given is no recording.

    Example:
        >>> from flowai import ReadClock
        >>> from flowai.interpreters import Test
        >>> [entry["record"] for entry in Test().run(ReadClock()).recording]
        ['asked', 'answered']
    """

    records: dict[str, Any]

    def __post_init__(self) -> None:
        given = cast("object", self.records)
        if not isinstance(given, dict):
            raise _none(f"it is a `{type(given).__name__}` and no object")
        for field, kind in (("version", int), ("run_id", str), ("entries", list)):
            if not isinstance(self.records.get(field), kind):
                raise _none(f"it has no `{field}`")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.records["entries"])

    def __len__(self) -> int:
        return len(self.records["entries"])

    def until(self, count: int) -> Recording:
        """Return the first records, as if the run had been cut off there.

        Example:
            >>> from flowai import ReadClock
            >>> from flowai.interpreters import Test
            >>> len(Test().run(ReadClock()).recording.until(1))
            1
        """
        return Recording({**self.records, "entries": self.records["entries"][:count]})

    def to_json(self) -> str:
        """Return the recording as one line of JSON."""
        return json.dumps(self.records, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, written: str) -> Recording:
        """Read what `to_json` wrote.

        Raises:
            StorageError: It is no JSON, or no recording.
        """
        try:
            records = json.loads(written)
        except (ValueError, TypeError, RecursionError) as error:
            raise _none(str(error)) from error
        return cls(records)


def _none(reason: str) -> StorageError:
    return StorageError(f"this is no recording: {reason}", hint="give what `to_json` wrote")
