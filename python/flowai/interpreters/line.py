"""The line in which the runs of a thread wait for one another."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flowai.errors import FlowaiError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from flowai.interpreters.drive import Drive


class Line:
    """One run's place: whom it waits for, and who waits for it."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._queued: tuple[str, Any] | None = None
        self._before: Drive | None = None
        self._followers: list[Callable[[], None]] = []

    @property
    def waits(self) -> bool:
        """Whether the run has not begun yet."""
        return self._queued is not None

    @property
    def has_followers(self) -> bool:
        """Whether somebody waits for the end of the run."""
        return bool(self._followers)

    def loops_before(self) -> list[asyncio.AbstractEventLoop]:
        """Return the loops that have to go on before the run can begin."""
        before = self._before
        if before is None:
            return []
        return [loop for loop in (before.loop, *before.line.loops_before()) if loop is not None]

    def wait_for(self, other: Drive, name: str, task: Any) -> None:
        """Begin the run when another one is over, however that one ends."""
        self._queued, self._before = (name, task), other
        other.line.when_over(self._may_begin)

    def when_over(self, act: Callable[[], None]) -> None:
        """Do something at the end of the run, on whatever thread it ends; at once when it is over."""
        self._followers.append(act)
        if self._drive.finished:
            self.over()

    def over(self) -> None:
        """Tell whoever waited for the end, each once."""
        while self._followers:
            self._followers.pop(0)()

    def enter(self) -> None:
        """See to it that somebody drives what the run waits for, or begin it when its turn has come."""
        if self._before is not None:
            with suppress(FlowaiError):  # it is over then, and this one begins
                self._before.enter()
        elif self._queued is not None:
            self.begin()

    def begin(self) -> None:
        """Begin the run, unless it was cancelled in the line."""
        queued, self._queued = self._queued, None
        if queued is not None and not self._drive.finished:
            with suppress(Exception):  # it is broken then, and says so to whoever reads its end
                self._drive.begin(*queued)

    def _may_begin(self) -> None:
        # A run that was cancelled in the line leaves its place to those behind it.
        while self._before is not None and self._before.finished:
            self._before = self._before.line._before
        if self._before is not None:
            self._before.line.when_over(self._may_begin)
            return
        loop = self._drive.loop
        if loop is not None and loop.is_closed():
            self._drive.leave()
        if self._drive.loop is None:
            self.begin()
        else:
            self._drive.on_loop(self.begin)
