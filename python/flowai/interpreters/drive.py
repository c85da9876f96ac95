"""Driving a run: taking its work, doing it, and telling whoever listens."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import FlowaiError
from flowai.interpreters.afterwards import Beginning
from flowai.interpreters.hands import Hands
from flowai.interpreters.kept_drive import Advanced, KeptDrive
from flowai.interpreters.line import Line
from flowai.interpreters.loops import background, crew, hearing
from flowai.interpreters.parking import Parking
from flowai.interpreters.waiters import Waiters, running_loop
from flowai.interpreters.wake import Wake, now_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai._bridge import Ear, Session
    from flowai.events import Event
    from flowai.interpreters.loops import Hearing
    from flowai.interpreters.reopening import Kept
    from flowai.interpreters.setting import Setting

TURNS_MAX = 16
"""How often whoever waits for a run takes it further before others on the loop have a turn."""

LOOP_CLOSED = "the loop that drove the run is closed"


class Drive(KeptDrive):
    """One run on its way; begun on any thread, driven by one loop."""

    def __init__(self, session: Session, setting: Setting, kept: Kept | None = None) -> None:
        self._session: Session | None = session
        self._kept = kept
        """How a run that was let go is found in the store; none where it is not kept."""
        self.setting = setting
        self.context = contextvars.copy_context()
        """The run's own context, in which all of the user's code runs."""
        self.finished = False
        self.broken: BaseException | None = None
        """What stopped the driving itself, where something did."""
        self.loop: asyncio.AbstractEventLoop | None = None
        self.waiters = Waiters()
        self.line = Line(self)
        self.parking = Parking(self, None if kept is None else kept.when_parked)
        self._hands = Hands(self)
        self._wake = Wake(self._tick)
        self._turn = threading.Lock()
        self._door = threading.Lock()
        self._again = False
        self._hearing: tuple[Hearing, int] | None = None
        self._is_cancelled = False
        self._shown = 0

    # Beginning

    def start(self, name: str, task: Any, *, apart: bool = False) -> None:
        """Begin the run; it goes as far as it can at once, and on where a loop runs, unless that is to be another."""
        self.begin(name, task)
        if not apart and running_loop() is not None:
            self.enter()

    def begin(self, name: str, task: Any) -> None:
        """Begin the run; it goes as far as it can without a loop."""
        if self._is_cancelled:
            self.push()
        if self.finished:
            return
        try:
            with self._turn:
                self.context.run(self._begin, self.session, name, task)
        except BaseException as error:
            self._break(error)
            raise
        self.push()

    def _begin(self, session: Session, name: str, task: Any) -> None:
        if isinstance(task, Beginning):
            task.begin(session)
        else:
            session.start(name, task)

    def start_after(self, other: Drive, name: str, task: Any, *, apart: bool = False) -> None:
        """Begin the run when another one is over, however that one ends."""
        self.line.wait_for(other, name, task)
        if not apart and running_loop() is not None:
            self.enter()

    # Going on

    def push(self) -> None:
        """Go on as far as the run can, and start the work it asks for; on any thread, one at a time."""
        self._again = True
        while self._again and self._turn.acquire(blocking=False):
            self._again = False
            try:
                self._go_on()
            except BaseException as error:
                self._break(error)
                if not isinstance(error, Exception):
                    raise
            finally:
                self._turn.release()

    def _go_on(self) -> None:
        # News of a run that was let go is for whoever takes it up.
        while (session := self._session) and self.broken is None:
            step = self.context.run(session.advance)
            if step is None or not self._take(step):
                return

    def _take(self, step: Advanced) -> bool:
        work, dropped, wake_at, self.finished = step
        for key in dropped:
            self._hands.drop(key)
        if self._hands.take(work):
            return True
        self._wake.moment = None if self.setting.is_virtual else wake_at
        self._settle()
        return False

    def _show(self, observer: Callable[[Event], None]) -> None:
        fresh = self.events(self._shown)
        self._shown += len(fresh)
        for event in fresh:
            try:
                observer(event)
            except Exception:  # whoever watches a run must not change it
                logging.getLogger(__name__).exception("the observer failed on `%s`", event.happened)

    def _settle(self) -> None:
        if self.setting.observer is not None:
            self.context.run(self._show, self.setting.observer)
        if self.finished:
            self.leave()
            self.line.over()
        elif self._wake.is_due_to_change:
            self.on_loop(self._set_wake)
        self.waiters.tell()
        self.parking.look()

    def _break(self, error: BaseException) -> None:
        """End a run that cannot be driven any further; the error is what it came to."""
        self.broken, self.finished = error, True
        self._hands.drop_all()
        self._settle()

    def pull(self) -> bool:
        """Do what never waits and go on, in the task of whoever waits for the run; False without such work."""
        return self._hands.pull()

    def on_loop(self, act: Callable[[], object]) -> None:
        """Do something on the loop that drives the run; nothing where none does."""
        loop = self.loop
        if loop is None:
            return
        if loop is running_loop():
            act()
            return
        with suppress(RuntimeError):  # a loop that is closed is found out by whoever comes next
            loop.call_soon_threadsafe(act)

    def on_loop_soon(self, act: Callable[[], object]) -> None:
        """Do something on the loop that drives the run, in its next turn; nothing where none does."""
        loop = self.loop
        if loop is None:
            return
        with suppress(RuntimeError):  # it is closed
            if loop is running_loop():
                loop.call_soon(act)
            else:
                loop.call_soon_threadsafe(act)

    def _set_wake(self) -> None:
        if self.loop is not None and not self.finished:
            self._wake.set_on(self.loop)

    def _tick(self) -> None:
        self.session.tick()
        self.push()

    # Loops

    def enter(self) -> None:
        """Let the running loop drive the run from now on, unless another one does.

        Raises:
            FlowaiError: The loop that drove it is closed, and work was lost with it.
        """
        self.check_loop()
        if self.needs_nobody():
            return
        # A run that comes back from the store may be over at once: another process has finished it.
        session = self.session
        ears = hearing()
        with self._door:
            if self.needs_nobody():
                return
            self.loop = asyncio.get_running_loop()
        self._hearing = (ears, ears.enter(self))
        session.hang(ears.bell, self._hearing[1])
        self.line.enter()
        self._hands.start()
        self.push()

    def needs_nobody(self) -> bool:
        """Whether a loop drives the run, or it is over."""
        return self.loop is not None or self.finished

    def check_loop(self) -> bool:
        """Take the run off a loop that is closed; it goes on elsewhere only if nothing was at work.

        Returns:
            Whether it was taken off.

        Raises:
            FlowaiError: Something was at work; the run is cancelled.
        """
        if self.finished or self.loop is None or not self.loop.is_closed():
            return False
        self._off()
        return True

    def loop_ends(self) -> None:
        """Hear that the loop is about to close: whoever waits elsewhere must not wait for ever."""
        if not self.finished and (self.line.has_followers or self.waiters.are_elsewhere(self.loop)):
            with suppress(FlowaiError):
                self._off()

    def _off(self) -> None:
        self.leave()
        if self.line.waits:
            self.line.enter()
        elif self._hands.are_busy or not self.is_paused:
            self.lose(LOOP_CLOSED)
            # Its tools ended with the loop, and nobody would ever say so to the run.
            raise FlowaiError(LOOP_CLOSED, hint="wait for a run before its loop ends", run_id=self.setting.run_id)

    def lose(self, why: str) -> None:
        """Cancel a run whose work ended without an answer, and leave the loop with which it ended."""
        self.leave()
        self._is_cancelled = True
        self.session.cancel(why)
        self._hands.lose(why)
        self.push()

    def leave(self) -> None:
        """Let the loop drive the run no more."""
        heard, self._hearing = self._hearing, None
        self.on_loop(self._wake.stop)
        if heard is not None:
            heard[0].leave(heard[1])
        if not self.finished:
            self.loop = None

    async def finish(self) -> None:
        """Wait for the end; a cancelled waiter cancels nothing."""
        self.enter()
        with self.parking.held(), self.waiters.attending():
            await self._finished()

    async def _finished(self) -> None:
        turns = 0
        while not self.finished:
            seen = self.waiters.count
            if self.pull():
                turns += 1
                if turns % TURNS_MAX == 0:
                    await asyncio.sleep(0)
            elif not self.finished:
                await self.waiters.change(seen)

    def finish_here(self) -> None:
        """Wait for the end on a thread without a loop.

        Raises:
            FlowaiError: This thread runs the very loop that has to go on meanwhile, or that loop is closed.
        """
        self.check_loop()
        if self.finished:
            return
        needed = self.loop or background()
        self._check_not_here(needed)
        over = threading.Event()
        self.line.when_over(over.set)
        if self.loop is None:
            needed.call_soon_threadsafe(self._enter_in_background)
        try:
            with self.parking.held(), crew().aside():
                over.wait()
        except BaseException:
            self.cancel("the caller was interrupted")
            with suppress(Exception):
                # Cleanups are waited for; whoever interrupts them too is obeyed at once.
                over.wait()
            raise

    def _enter_in_background(self) -> None:
        try:
            self.enter()
        except BaseException as error:  # noqa: BLE001 — whoever waits for it hears of it
            self._break(error)

    def _check_not_here(self, needed: asyncio.AbstractEventLoop) -> None:
        if running_loop() in (needed, *self.line.loops_before()):
            message = "this thread runs the loop that the run needs, and cannot wait for it"
            raise FlowaiError(message, hint="`await run`, or `await interpreter.arun(program)`")

    def nudge(self) -> None:
        """Go on, from any thread."""
        loop = self.loop
        if loop is None or loop is running_loop():
            self.push()
            return
        try:
            loop.call_soon_threadsafe(self.push)
        except RuntimeError:  # it is closed
            self.push()

    def cancel(self, reason: str | None = None) -> None:
        """Ask the run to end; its cleanups still run."""
        self._is_cancelled = True
        self.session.cancel(reason)
        with suppress(FlowaiError):
            self.check_loop()
        if self.is_kept and self.loop is None:
            # It is over once the store has the end of it, and somebody has to hear that.
            self.go_on(in_background=running_loop() is None)
        else:
            self.nudge()

    def go_on(self, *, in_background: bool) -> None:
        """Go on after a human's answer: where it was driven, or where somebody is to drive it now."""
        if self.loop is None and not self.finished and in_background:
            background().call_soon_threadsafe(self._enter_in_background)
        elif self.loop is None and running_loop() is not None:
            self.enter()
        self.nudge()

    @property
    def is_paused(self) -> bool:
        """Whether the run waits for a human."""
        session = self._session
        return session is None or bool(session.waiting())

    # Telling

    def clock(self) -> int:
        """Return the time that references and approvals expire by, in milliseconds."""
        return self.session.now() if self.setting.is_virtual else now_ms()

    def events(self, after: int = 0) -> list[Event]:
        """Return the events after the first `after`, in order; they are made anew for each reader."""
        session, setting = self._session, self.setting
        if session is None:
            told = cast("Kept", self._kept).events(setting.tenant, setting.run_id, after)
        else:
            told = session.events(after)
        return list(map(_event_of(), told)) if told else []

    def told(self, after: int, ear: Ear) -> list[Event]:
        """Return the events after the first `after`, with the pieces of answers that a reader was shown."""
        from flowai.events.construct import event_of

        return [event_of(written) for written in self.session.told(after, ear)]

    def stored(self) -> list[tuple[str, str]]:
        """Return the references that the run stored, in order."""
        # Not from its events, which nobody is told before they are on the disk.
        told = [each["event"] for each in self.session.recording()["entries"] if each["record"] == "told"]
        return [(each["kind"], each["id"]) for each in told if each["type"] == "reference_stored"]


@cache
def _event_of() -> Callable[[dict[str, Any]], Event]:
    from flowai.events.construct import event_of

    return event_of


def is_async(function: object) -> bool:
    """Whether calling it gives something to await."""
    called = type(function).__call__ if callable(function) else None
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)
