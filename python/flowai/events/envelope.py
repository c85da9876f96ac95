"""What every event says beside what happened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from flowai.events.visible import shortened, visible

Json = Any
"""Any JSON value."""


class Note(BaseModel):
    """A part of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Envelope(Note):
    """One thing that happened in a run; `print(event)` is one aligned line."""

    seq: int | None = None
    """The number of a lasting event in its run, from 1; transient events have none."""
    run_id: str
    thread_id: str | None = None
    tenant: str | None = None
    agent: str | None = None
    """The agent in which it happened."""
    at: int
    """When, in milliseconds since 1970 in UTC, by the clock of the interpreter."""
    position: str
    """Where in the program; the same in every run of it."""
    parent: str | None = None
    """The position of the call this belongs to."""

    @property
    def happened(self) -> str:
        """The name of what happened: the `type` of the event."""
        name: str = self.__class__.model_fields["type"].default
        return name

    def told(self) -> str:
        """Say what happened in a few words."""
        return ""

    def __str__(self) -> str:
        """Return one readable line, safe for any terminal."""
        seq = "-" if self.seq is None else str(self.seq)
        agent = visible(self.agent or "-")
        line = f"{seq:>4} {_time(self.at)} {agent:<18} {self.happened:<18} {self.told()}"
        return line.rstrip()


class ErrorNote(Note):
    """An error as an event holds it."""

    kind: str
    """The name of the error's class."""
    message: str
    hint: str | None = None

    def told(self) -> str:
        """Say what went wrong."""
        return shortened(f"{visible(self.kind)}: {visible(self.message)}")


def _time(at: int) -> str:
    seconds, milliseconds = divmod(at, 1_000)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}.{milliseconds:03d}"
    except (OverflowError, ValueError, OSError):
        return str(at)
