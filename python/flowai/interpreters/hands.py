"""The work of a run that is under way in Python, on the loop that drives the run."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from flowai.errors import FlowaiError
from flowai.interpreters.waiters import running_loop
from flowai.interpreters.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from flowai.interpreters.drive import Drive

Item = tuple[Any, ...]
"""The id of a piece of work, its kind, and what it needs."""

WorkId = tuple[int, int]

CUT = "its work was cancelled from outside, as a loop does when it ends"


class Hands:
    """Starts work, drops it, and knows what was lost with a loop."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._work = Work(drive)
        self._waiting: list[Item] = []
        self._ready: list[Item] = []
        self._performer: asyncio.Task[None] | None = None
        self._tasks: dict[WorkId, tuple[str, asyncio.Task[None]]] = {}

    @property
    def are_busy(self) -> bool:
        """Whether a task is at work."""
        return bool(self._tasks)

    @property
    def are_empty(self) -> bool:
        """Whether there is nothing to do, begun or not."""
        return not (self._tasks or self._waiting or self._ready)

    def take(self, work: list[Item]) -> bool:
        """Take work on; True when some of it was done at once."""
        at_once = False
        for item in work:
            if item[1] in ("plan", "script", "decision"):
                getattr(self._work, item[1])(item[0], *item[2:])
                at_once = True
            else:
                self._waiting.append(item)
        if self._waiting:
            self._drive.on_loop(self.start)
        return at_once

    def start(self) -> None:
        """Start what waited for a loop, on that loop."""
        while self._waiting and self._drive.loop is not None:
            self._start(self._waiting.pop(0), self._drive.loop)

    def _start(self, item: Item, loop: asyncio.AbstractEventLoop) -> None:
        if item[1] == "tool" and item[3].signature.is_immediate:
            self._ready.append(item)
            if self._performer is None:
                self._performer = loop.create_task(self._perform())
            return
        task = loop.create_task(self._do(*item), context=self._drive.context.copy())
        if item[1] == "begun":
            task.add_done_callback(lambda _: _close(item))
        self._tasks[item[0]] = (item[1], task)

    async def _do(self, key: WorkId, kind: str, *rest: Any) -> None:
        # Called in here: a task that is cancelled before it begins must not leave a coroutine unawaited.
        doing: Callable[..., Coroutine[Any, Any, None]] = getattr(self._work, kind)
        try:
            await doing(key, *rest)
        except (asyncio.CancelledError, GeneratorExit):
            if key in self._tasks:
                self._drive.lose(CUT)
            raise
        except BaseException as error:  # noqa: BLE001 — the last resort: no work ends without an answer
            message = f"the work could not be done: {type(error).__name__}"
            self._drive.session.fail(key, error, "EffectFailed", message)
        finally:
            self._tasks.pop(key, None)
        self._drive.push()

    async def _perform(self) -> None:
        # Where nobody waits for the run at this moment, it does its own work, a turn of the loop for each.
        try:
            while self.pull():  # noqa: ASYNC110 — nothing is polled: each turn of the loop does work
                await asyncio.sleep(0)
        finally:
            self._performer = None

    def pull(self) -> bool:
        """Do what never waits and go on, in the task of whoever waits for the run; False without such work."""
        if not self._ready or running_loop() is not self._drive.loop:
            return False
        ready, self._ready = self._ready, []
        while ready:
            item = ready.pop(0)
            self._drive.context.copy().run(self._work.immediate_tool, item[0], *item[2:])
        self._drive.push()
        return True

    def drop(self, key: WorkId) -> None:
        """Stop work that nobody waits for any more."""
        for item in self._waiting:
            if item[0] == key and item[1] == "begun":
                _close(item)
        self._waiting = [item for item in self._waiting if item[0] != key]
        self._ready = [item for item in self._ready if item[0] != key]
        task = self._tasks.pop(key, None)
        if task is not None:
            self._drive.on_loop(task[1].cancel)

    def drop_all(self) -> None:
        """Stop all work."""
        for key in list(self._tasks):
            self.drop(key)

    def lose(self, why: str) -> None:
        """Answer work whose tasks ended with their loop, so that nobody waits for it."""
        lost = [(key, kind) for key, (kind, _) in self._tasks.items()]
        lost += [(item[0], item[1]) for item in self._ready]
        self._tasks, self._ready = {}, []
        for key, kind in lost:
            self._drive.session.fail(key, FlowaiError(why), "ToolFailed" if kind == "tool" else "EffectFailed", why)


def _close(item: Item) -> None:
    """Close a coroutine that a handler gave and nobody will await."""
    awaitable = item[3]
    if inspect.iscoroutine(awaitable) and inspect.getcoroutinestate(awaitable) == inspect.CORO_CREATED:
        awaitable.close()
