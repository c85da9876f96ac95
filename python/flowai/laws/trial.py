"""One run of an explored case, on a thread of its own, so that one that never ends can be left."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowai.interpreters.eval import Eval
from flowai.interpreters.seen_events import events_of, settled
from flowai.interpreters.test import Test

if TYPE_CHECKING:
    from flowai.interpreters.recording import Recording
    from flowai.interpreters.run import Run
    from flowai.interpreters.runtime import Runtime
    from flowai.specs.testing import TestingConfig


@dataclass(frozen=True)
class Trial:
    """One run of the case, with what was made to go wrong in it."""

    what: str
    """What went wrong, and where; `nothing` of the first run."""
    testing: TestingConfig
    events: Sequence[dict[str, Any]]
    """Everything that happened, in JSON types."""
    services: Any
    """What the tools worked on."""
    error: BaseException | None
    """What ended the run before its time, if something did."""
    has_ended: bool = True
    """Whether it ended at all; one that did not in its time was left where it was."""


class Attempt:
    """A run of a case under one script."""

    def __init__(self, runtime: Runtime, agent: str | None, prompt: str, services: Callable[[], Any]) -> None:
        self._runtime = runtime
        self._asked = agent, prompt
        self._make = services
        self._services: Any = None
        self._run: Run[Any] | None = None
        self._error: BaseException | None = None
        self._raised: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_ended = False

    def tried(self, what: str, testing: TestingConfig, timeout_s: float) -> tuple[Trial, Recording | None]:
        """Run the case for so many seconds at the most; return what came of it, and its recording.

        Raises:
            BaseException: What the making of the services raised.
        """
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=lambda: context.run(self._perform, testing), name="flowai-explore", daemon=True
        )
        thread.start()
        thread.join(timeout_s)
        if self._raised is not None:
            raise self._raised
        # Before the run is left: being cancelled then is no error that ended it.
        has_ended, run, error = self._has_ended, self._run, self._error
        events = [] if run is None else events_of(run)
        if not has_ended:
            self._leave()
        recording = run.recording if has_ended and run is not None else None
        return Trial(what, testing, events, self._services, error, has_ended), recording

    def _perform(self, testing: TestingConfig) -> None:
        try:
            self._services = self._make()
            asyncio.run(self._ended(testing))
        except BaseException as error:  # noqa: BLE001 — raised again on the thread that waits
            self._raised = error

    async def _ended(self, testing: TestingConfig) -> None:
        self._loop = asyncio.get_running_loop()
        under = self._runtime.under(Eval(Test.of(testing)), self._services)
        agent, prompt = self._asked
        self._run = under.ask(agent, prompt, thread_id="explored")
        self._error = await settled(self._run)
        self._has_ended = True

    def _leave(self) -> None:
        """Cancel the run where its loop still turns; what never waits cannot be stopped, and stays behind."""
        if self._loop is not None and self._run is not None:
            with suppress(RuntimeError):  # the loop ended just now
                self._loop.call_soon_threadsafe(self._run.cancel, "it does not end")
