"""When a run has to be looked at although nothing happens: its alarm on a loop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


def now_ms() -> int:
    """Return the time in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


class Wake:
    """One alarm, set anew as often as its moment changes."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self.moment: int | None = None
        """When to wake, in milliseconds since the Unix epoch."""
        self._ring = ring
        self._set: tuple[int, asyncio.TimerHandle] | None = None

    @property
    def is_due_to_change(self) -> bool:
        """Whether the alarm stands otherwise than it should."""
        return (None if self._set is None else self._set[0]) != self.moment

    @property
    def is_due(self) -> bool:
        """Whether the moment has come."""
        return self.moment is not None and self.moment <= now_ms()

    def set_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the alarm to its moment, on its loop."""
        if not self.is_due_to_change:
            return
        self.stop()
        if self.moment is not None:
            wait_s = max(0.0, (self.moment - now_ms()) / 1_000)
            self._set = (self.moment, loop.call_later(wait_s, self._rung))

    def stop(self) -> None:
        """Let it not ring."""
        if self._set is not None:
            self._set[1].cancel()
            self._set = None

    def _rung(self) -> None:
        self._set = None
        self._ring()
