"""The event loops of a process: the one in the background, the bells of all, and the threads of sync tools."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from flowai import _bridge

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS_MAX = 32
"""How many sync tools may run at the same time."""


class Hearing:
    """One loop's bell and the runs that it may be rung for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.bell = _bridge.Bell()
        self._runs: dict[int, Callable[[], None]] = {}
        self._drawn = 0
        loop.add_reader(self.bell.fileno(), self._heard)

    def enter(self, push: Callable[[], None]) -> int:
        """Give a run its number."""
        self._drawn += 1
        self._runs[self._drawn] = push
        return self._drawn

    def leave(self, number: int) -> None:
        """Forget a run that is over."""
        self._runs.pop(number, None)

    def _heard(self) -> None:
        for number in self.bell.heard():
            push = self._runs.get(number)
            if push is not None:
                push()


class Background:
    """A loop on a thread of its own, for callers that have none."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="flowai", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the loop, if its thread is still there."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(timeout=1)


class Process:
    """What one process has once; a forked child begins anew."""

    def __init__(self) -> None:
        self.id = os.getpid()
        self.lock = threading.Lock()
        self.hearings: WeakKeyDictionary[asyncio.AbstractEventLoop, Hearing] = WeakKeyDictionary()
        self.background: Background | None = None
        self.threads: ThreadPoolExecutor | None = None


_process = Process()


def _here() -> Process:
    global _process  # noqa: PLW0603 — a process has one, and a forked child begins anew
    if _process.id != os.getpid():
        _process = Process()
    return _process


def hearing() -> Hearing:
    """Return the bell of the running loop."""
    here, loop = _here(), asyncio.get_running_loop()
    found = here.hearings.get(loop)
    if found is None:
        found = here.hearings[loop] = Hearing(loop)
    return found


def background() -> asyncio.AbstractEventLoop:
    """Return the loop in the background, started when it is first needed."""
    here = _here()
    with here.lock:
        if here.background is None:
            here.background = Background()
        return here.background.loop


def threads() -> ThreadPoolExecutor:
    """Return the threads on which sync tools run."""
    here = _here()
    with here.lock:
        if here.threads is None:
            here.threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="flowai-tool")
        return here.threads


@atexit.register
def _stop() -> None:
    here = _here()
    if here.background is not None:
        here.background.stop()
    if here.threads is not None:
        here.threads.shutdown(wait=False, cancel_futures=True)
    _bridge.stop()
