"""Who waits for news of a run, each on a loop of their own."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class Waiters:
    """Counts the changes of a run and wakes whoever waits for the next one.

    A reader notes the count, looks, and waits for a change since that count: what happens between
    looking and waiting is not missed, whatever thread it happens on.
    """

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()
        self._waiting: list[Waiter] = []
        self._attending: list[asyncio.AbstractEventLoop] = []

    async def change(self, since: int) -> None:
        """Wait until the count is another; a cancelled waiter cancels nothing."""
        here = asyncio.get_running_loop()
        waiter = (here, here.create_future())
        with self._lock:
            if self.count != since:
                return
            self._waiting.append(waiter)
        await waiter[1]

    def tell(self) -> None:
        """Say that something has changed, on any thread."""
        left: list[Waiter] = []
        with self._lock:
            self.count += 1
            left, self._waiting = self._waiting, left
        if not left:
            return
        here = running_loop()
        for loop, future in left:
            if loop is here:
                _wake(future)
                continue
            with suppress(RuntimeError):  # a loop that is closed has no waiters
                loop.call_soon_threadsafe(_wake, future)

    @contextmanager
    def attending(self) -> Generator[None]:
        """Be known as somebody who waits, also between one change and the next."""
        here = asyncio.get_running_loop()
        with self._lock:
            self._attending.append(here)
        try:
            yield
        finally:
            with self._lock:
                self._attending.remove(here)

    @property
    def are_there(self) -> bool:
        """Whether somebody waits."""
        return bool(self._attending)

    def are_elsewhere(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether somebody waits on another loop than this one."""
        with self._lock:
            return any(each is not loop for each in self._attending)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs on this thread, or none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
