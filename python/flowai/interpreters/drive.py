"""Driving a run: taking its work, doing it, and telling whoever listens."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flowai.errors import FlowaiError
from flowai.interpreters.loops import background, hearing
from flowai.interpreters.work import Work, now_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from flowai._bridge import Session
    from flowai.events import Event
    from flowai.interpreters.loops import Hearing
    from flowai.interpreters.setting import Setting

Item = tuple[Any, ...]


class Drive:
    """One run on its way; begun on any thread, driven by one loop."""

    def __init__(self, session: Session, setting: Setting) -> None:
        self.session = session
        self.setting = setting
        self.finished = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self._context = contextvars.copy_context()
        self._waiting: list[Item] = []
        self._tasks: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._listeners: list[asyncio.Future[None]] = []
        self._work = Work(self)
        self._hearing: tuple[Hearing, int] | None = None
        self._wake: tuple[int, asyncio.TimerHandle] | None = None
        self._pushing = False
        self._is_started = False
        self._cancelled: tuple[str | None] | None = None
        self._queued: asyncio.Task[None] | None = None

    # Beginning

    def start(self, name: str, task: Any) -> None:
        """Begin the run; it goes as far as it can at once, and on where a loop runs."""
        self.begin(name, task)
        if not self.finished and _has_loop():
            self.enter()

    def begin(self, name: str, task: Any) -> None:
        """Begin the run; it goes as far as it can without a loop."""
        self.session.start(name, task)
        self._is_started = True
        if self._cancelled is not None:
            self.session.cancel(*self._cancelled)
        self.push()

    def start_after(self, other: Drive, name: str, task: Any) -> None:
        """Begin the run when another one is over."""
        self.loop = asyncio.get_running_loop()

        async def later() -> None:
            await other.finish()
            self.loop = None
            self.start(name, task)

        self._queued = self.loop.create_task(later())

    # Going on

    def push(self) -> None:
        """Go on as far as the run can, and start the work it asks for."""
        if self._pushing:
            return
        self._pushing = True
        try:
            while (step := self._context.run(self.session.advance)) is not None:
                work, dropped, _, self.finished = step
                for key in dropped:
                    self._drop(key)
                if not self._start_all(work):
                    break
        finally:
            self._pushing = False
        self._after(None if step is None else step[2])

    def _start_all(self, work: list[Item]) -> bool:
        """Start work; True when some of it was done at once."""
        at_once = False
        for item in work:
            if item[1] in ("plan", "script"):
                getattr(self._work, item[1])(item[0], *item[2:])
                at_once = True
            elif self.loop is None:
                self._waiting.append(item)
            else:
                self._start(item)
        return at_once

    def _start(self, item: Item) -> None:
        if self.loop is None:
            raise AssertionError("work waits until a loop drives the run")
        self._tasks[item[0]] = self.loop.create_task(self._do(*item), context=self._context.copy())

    async def _do(self, key: tuple[int, int], kind: str, *rest: Any) -> None:
        # Called in here: a task that is cancelled before it begins must not leave a coroutine unawaited.
        doing: Callable[..., Coroutine[Any, Any, None]] = getattr(self._work, kind)
        try:
            await doing(key, *rest)
        finally:
            self._tasks.pop(key, None)
        self.push()

    def _drop(self, key: tuple[int, int]) -> None:
        self._waiting = [item for item in self._waiting if item[0] != key]
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()

    def _after(self, wake_at: int | None) -> None:
        if self.finished:
            self._leave()
        elif self.loop is not None:
            self._wake_at(wake_at)
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            if not listener.done():
                listener.set_result(None)

    def _wake_at(self, wake_at: int | None) -> None:
        if self._wake is not None:
            if self._wake[0] == wake_at:
                return
            self._wake[1].cancel()
            self._wake = None
        if wake_at is not None and self.loop is not None and not self.setting.is_virtual:
            wait = max(0.0, (wake_at - now_ms()) / 1_000)
            self._wake = (wake_at, self.loop.call_later(wait, self._tick))

    def _tick(self) -> None:
        self._wake = None
        self.session.tick()
        self.push()

    # Loops

    def enter(self) -> None:
        """Let the running loop drive the run from now on."""
        if self.loop is not None or self.finished:
            self._check_loop()
            return
        self.loop = asyncio.get_running_loop()
        ears = hearing()
        self._hearing = (ears, ears.enter(self.push))
        self.session.hang(ears.bell, self._hearing[1])
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            self._start(item)
        self.push()

    def _leave(self) -> None:
        if self._hearing is not None:
            self._hearing[0].leave(self._hearing[1])
            self._hearing = None
        if self._wake is not None:
            self._wake[1].cancel()
            self._wake = None

    async def finish(self) -> None:
        """Wait for the end; a cancelled waiter cancels nothing."""
        self.enter()
        while not self.finished:
            await self.change()

    async def change(self) -> None:
        """Wait until something has happened."""
        if self.finished:
            return
        listener: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if asyncio.get_running_loop() is self.loop:
            self._listeners.append(listener)
            await listener
        elif self.loop is not None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.change(), self.loop))

    def finish_here(self) -> None:
        """Wait for the end on a thread without a loop."""
        if self.finished:
            return
        self._check_loop()
        waiting = asyncio.run_coroutine_threadsafe(self.finish(), self.loop or background())
        try:
            waiting.result()
        except BaseException:
            self.cancel("the caller was interrupted")
            with suppress(Exception):
                # Cleanups are waited for; whoever interrupts them too is obeyed at once.
                waiting.result()
            raise

    def _check_loop(self) -> None:
        # Its tools ended with the loop, and nobody would ever say so to the run.
        if not self.finished and self.loop is not None and self.loop.is_closed():
            raise FlowaiError("the loop that drove the run is closed", hint="wait for a run before its loop ends")

    def nudge(self) -> None:
        """Go on, from any thread."""
        loop = self.loop
        if loop is None or _is_running(loop):
            self.push()
        elif not loop.is_closed():
            loop.call_soon_threadsafe(self.push)

    def cancel(self, reason: str | None = None) -> None:
        """Ask the run to end; its cleanups still run."""
        self._cancelled = (reason,)
        if self._is_started:
            self.session.cancel(reason)
            self.nudge()

    @property
    def is_paused(self) -> bool:
        """Whether the run waits for a human."""
        return bool(self.session.waiting())

    # Telling

    def clock(self) -> int:
        """Return the time that references and approvals expire by, in milliseconds."""
        return self.session.now() if self.setting.is_virtual else now_ms()

    def events(self, after: int = 0) -> list[Event]:
        """Return the events after the first `after`, in order; they are made anew for each reader."""
        from flowai.events.construct import event_of

        return [event_of(written) for written in self.session.events(after)]

    def stored(self) -> list[tuple[str, str]]:
        """Return the references that the run stored, in order."""
        told = self.session.events(0)
        return [(each["kind"], each["id"]) for each in told if each["type"] == "reference_stored"]


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _is_running(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def is_async(function: object) -> bool:
    """Whether calling it gives something to await."""
    called = type(function).__call__ if callable(function) else None
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)
