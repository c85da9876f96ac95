"""The threads on which sync tools run; none of them keeps a process from ending."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from flowai.errors import FlowaiError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

AT_WORK_MAX = 32
"""How many sync tools may run at the same time; one that is stuck or waits for a run of its own is not counted."""

THREADS_MAX = 512
"""How many threads there may be, with those of tools that did not end within their time."""

IDLE_S_MAX = 10.0
"""How long a thread waits for the next call before it ends."""

Ended = tuple[Any, BaseException | None]
"""What a call returned, or what it raised."""


class Call:
    """One call on its way to a thread."""

    __slots__ = ("_function", "_loop", "began", "ended", "is_counted", "is_given_up")

    def __init__(self, function: Callable[[], Any], began: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._function = function
        self.began = began
        self.ended: asyncio.Future[Ended] = self._loop.create_future()
        self.is_counted = False
        self.is_given_up = False

    def run(self) -> None:
        """Run it here, and tell the loop that waits for it."""
        try:
            ended: Ended = (self._function(), None)
        except BaseException as error:  # noqa: BLE001 — a tool may raise anything, and the thread goes on
            ended = (None, error)
        self.tell(self._end, ended)

    def tell(self, what: Callable[..., None], *told: Any) -> None:
        """Say something on the loop that waits."""
        with suppress(RuntimeError):  # a loop that is closed does not wait any more
            self._loop.call_soon_threadsafe(what, *told)

    def _end(self, ended: Ended) -> None:
        if not self.ended.done():
            self.ended.set_result(ended)


class Crew:
    """Threads that take calls in turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handed_over = threading.Condition(self._lock)
        self._queue: deque[Call] = deque()
        self._ready: deque[Call] = deque()
        self._at_work = 0
        self._idle = 0
        self._threads = 0

    async def run(self, function: Callable[[], Any], limit: asyncio.Timeout, time_s: float) -> Ended:
        """Run a function on a thread, in a copy of the context; its clock starts when it begins.

        Raises:
            FlowaiError: Too many threads are taken by calls that do not end.
        """
        loop = asyncio.get_running_loop()

        def began() -> None:
            with suppress(RuntimeError):  # nobody waits any more
                limit.reschedule(loop.time() + time_s)

        here = contextvars.copy_context()
        call = Call(lambda: here.run(function), began)
        if self._take(call):
            began()
        try:
            return await call.ended
        except asyncio.CancelledError:
            self._give_up(call)
            raise

    @contextmanager
    def aside(self) -> Generator[None]:
        """Let others work while this thread waits for a run, where it is one of the crew's."""
        call: Call | None = getattr(_here, "call", None)
        if call is None:
            yield
            return
        with self._lock:
            self._free(call)
            self._fill()
        try:
            yield
        finally:
            with self._lock:
                self._count(call)

    def _take(self, call: Call) -> bool:
        with self._lock:
            if not self._has_hands():
                raise FlowaiError(
                    f"no thread is free: {self._threads} are taken by sync tools that did not end within their time",
                    hint="let the tool give up by itself, for instance with a time limit on its connection",
                )
            if self._at_work >= AT_WORK_MAX:
                self._queue.append(call)
                return False
            self._assign(call)
            return True

    def _give_up(self, call: Call) -> None:
        """Wait for a call no more; one that has begun cannot be stopped, and is replaced."""
        with self._lock:
            if call in self._queue:
                self._queue.remove(call)
                return
            call.is_given_up = True
            self._free(call)
            self._fill()

    def _count(self, call: Call) -> None:
        if not call.is_counted and not call.is_given_up:
            call.is_counted = True
            self._at_work += 1

    def _free(self, call: Call) -> None:
        if call.is_counted:
            call.is_counted = False
            self._at_work -= 1

    def _fill(self) -> None:
        while self._queue and self._at_work < AT_WORK_MAX and self._has_hands():
            following = self._queue.popleft()
            following.tell(following.began)
            self._assign(following)

    def _has_hands(self) -> bool:
        return self._idle > len(self._ready) or self._threads < THREADS_MAX

    def _assign(self, call: Call) -> None:
        self._count(call)
        if self._idle > len(self._ready):
            self._ready.append(call)
            self._handed_over.notify()
            return
        self._threads += 1
        threading.Thread(target=self._serve, args=(call,), name="flowai-tool", daemon=True).start()

    def _serve(self, first: Call) -> None:
        calls = [first]
        del first
        while calls:
            _here.call = calls.pop()
            _here.call.run()
            with self._lock:
                self._free(_here.call)
                # Nothing of a call is kept while the thread waits for the next one.
                _here.call = None
                calls = self._next()

    def _next(self) -> list[Call]:
        self._idle += 1
        self._fill()
        self._handed_over.wait_for(lambda: len(self._ready) > 0, IDLE_S_MAX)
        self._idle -= 1
        if self._ready:
            return [self._ready.popleft()]
        self._threads -= 1
        return []


_here = threading.local()
