"""The event loops of a process: the one in the background, the bells of all, and the threads of sync tools."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import ReferenceType, WeakKeyDictionary, ref

from flowai import _bridge
from flowai.errors import FlowaiError
from flowai.interpreters.crew import Crew

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from flowai.interpreters.drive import Drive


class Hearing:
    """One loop's bell and the runs that it may be rung for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.bell = _bridge.Bell()
        self._runs: dict[int, Drive] = {}
        self._drawn = 0
        loop.add_reader(self.bell.fileno(), self._heard)
        self._watch = self._until_the_end()
        with suppress(StopIteration):  # begun, so that the loop closes it at its own end
            self._watch.__anext__().send(None)

    def enter(self, drive: Drive) -> int:
        """Give a run its number."""
        self._drawn += 1
        self._runs[self._drawn] = drive
        return self._drawn

    def leave(self, number: int) -> None:
        """Forget a run that is over, or has left the loop."""
        self._runs.pop(number, None)

    def _heard(self) -> None:
        heard = iter(self.bell.heard())
        for number in heard:
            try:
                self._push(number)
            except BaseException:
                # One run's interrupt is no reason to forget the others.
                for other in heard:
                    asyncio.get_running_loop().call_soon(self._push, other)
                raise

    def _push(self, number: int) -> None:
        drive = self._runs.get(number)
        if drive is not None:
            drive.push()

    async def _until_the_end(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            for drive in list(self._runs.values()):
                drive.loop_ends()


class Background:
    """A loop on a thread of its own, for callers that have none."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._serve, name="flowai", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether somebody still drives the loop."""
        return self._thread.is_alive() and not self.loop.is_closed()

    def stop(self) -> None:
        """End the loop, if its thread is still there."""
        self._is_stopped = True
        if self.is_alive:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(timeout=1)

    def _serve(self) -> None:
        while not (self._is_stopped or self.loop.is_closed()):
            try:
                self.loop.run_forever()
            except BaseException:
                # Whoever wants to end the process has to do it elsewhere: here are the runs of others.
                logging.getLogger("flowai").exception("a callback tried to end the loop in the background")


class Process:
    """What one process has once; a forked child begins anew."""

    def __init__(self) -> None:
        self.id = os.getpid()
        self.lock = threading.Lock()
        # The loop itself keeps its bell, among its readers, so that both go together.
        self.hearings: WeakKeyDictionary[asyncio.AbstractEventLoop, ReferenceType[Hearing]] = WeakKeyDictionary()
        self.background: Background | None = None
        self.crew = Crew()
        self.is_ending = False


_process = Process()


def _here() -> Process:
    global _process  # noqa: PLW0603 — a process has one, and a forked child begins anew
    if _process.id != os.getpid():
        _process = Process()
    return _process


def hearing() -> Hearing:
    """Return the bell of the running loop."""
    here, loop = _here(), asyncio.get_running_loop()
    known = here.hearings.get(loop)
    found = None if known is None else known()
    if found is None:
        found = Hearing(loop)
        here.hearings[loop] = ref(found)
    return found


def background() -> asyncio.AbstractEventLoop:
    """Return the loop in the background, started when it is first needed.

    Raises:
        FlowaiError: The process is ending.
    """
    here = _here()
    _check_going_on(here)
    with here.lock:
        if here.background is None or not here.background.is_alive:
            here.background = Background()
        return here.background.loop


def crew() -> Crew:
    """Return the threads on which sync tools run."""
    return _here().crew


def _check_going_on(here: Process) -> None:
    if here.is_ending:
        if threading.current_thread().daemon:
            # It ends with the process, at any moment and without a word.
            threading.Event().wait()
        hint = "register your exit handler after the import of `flowai`: the last one registered runs first"
        raise FlowaiError("the process is ending, and nothing more runs in the background", hint=hint)


@atexit.register
def _stop() -> None:
    here = _here()
    here.is_ending = True
    if here.background is not None:
        here.background.stop()
    _bridge.stop()


os.register_at_fork(after_in_child=_bridge.forked)
