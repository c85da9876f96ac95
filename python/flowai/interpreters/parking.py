"""Parking: a kept run that waits for a human costs rows in the store, and nothing here."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from flowai.interpreters.drive import Drive


class Parking:
    """Decides when one run is let go, and says so."""

    def __init__(self, drive: Drive, when_parked: Callable[[Drive], None] | None) -> None:
        self._drive = drive
        self._when_parked = when_parked
        """Who is told; nobody where the run cannot be taken up again."""
        self._lock = threading.Lock()
        self._held = 0

    @contextmanager
    def held(self) -> Generator[None]:
        """Keep the run here meanwhile."""
        with self._lock:
            self._held += 1
        try:
            yield
        finally:
            with self._lock:
                self._held -= 1
            self.look()

    def look(self) -> None:
        """Let the run go, soon, where only a human is waited for and nobody here waits with it."""
        if self._when_parked is not None and not self._is_wanted:
            # In a turn of its own: whoever has just answered, or taken the run up, comes first.
            self._drive.on_loop_soon(self._look_again)

    def _look_again(self) -> None:
        if not self._is_wanted:
            self.park(only_paused=True)

    @property
    def _is_wanted(self) -> bool:
        drive = self._drive
        return bool(self._held) or drive.finished or drive.waiters.are_there or drive.line.has_followers

    def park(self, *, only_paused: bool) -> bool:
        """Let the run go, unless something is at work here; say whether it is gone."""
        with self._lock:
            if self._held or self._when_parked is None or not self._drive.let_go(only_paused=only_paused):
                return False
        self._when_parked(self._drive)
        return True
