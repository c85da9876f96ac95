"""A recording: what a program asked and what it was answered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Recording:
    """The records of one run in their order, in JSON types."""

    records: dict[str, Any]

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
        """Read what `to_json` wrote."""
        return cls(json.loads(written))
