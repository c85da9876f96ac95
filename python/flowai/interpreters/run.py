"""A run: what a program came to, while it runs and after it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from flowai.errors import FlowaiError
from flowai.interpreters.drive import TURNS_MAX

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from types import TracebackType
    from typing import Self

    from returns.result import Result

    from flowai.events import Event
    from flowai.interpreters.drive import Drive
    from flowai.interpreters.recording import Recording

A_co = TypeVar("A_co", covariant=True)


class Run(Generic[A_co]):
    """One run of a program.

    `await run` waits for its end, `async for event in run` tells what happens meanwhile, with the
    pieces of answers as `text_delta` and `thinking_delta`, which `events` does not keep. Leaving
    the loop leaves the run alone; leaving `async with run` cancels it, unless it is over or waits
    for a human.

    Example:
        >>> from flowai import pure
        >>> from flowai.interpreters import Test
        >>> run = Test().run(pure(3))
        >>> run.value, [event.type for event in run.events]
        (3, ['run_started', 'run_finished'])
    """

    def __init__(self, drive: Drive, decode: Callable[[Any], Any] | None = None) -> None:
        self._drive = drive
        self._decode = decode
        self._raised: tuple[TracebackType | None] | None = None

    @property
    def drive(self) -> Drive:
        """What pushes the run, for those who build on it."""
        return self._drive

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self._drive.setting.run_id

    @property
    def is_finished(self) -> bool:
        """Whether the run is over."""
        return self._drive.finished

    @property
    def value(self) -> A_co:
        """The answer of the program.

        Raises:
            BaseException: What ended the program otherwise; `RunCancelled` after a cancel.
            FlowaiError: The run is not over.
        """
        self._check_finished()
        try:
            answer = self._outcome()
        except BaseException as error:  # noqa: BLE001 — whatever ended the program is raised again
            if isinstance(error, FlowaiError):
                error.run_id = error.run_id or self.run_id
            # The same error may be read many times: each time it leads from here to where it was raised.
            if self._raised is None:
                self._raised = (_beyond(error.__traceback__, 2),)
            raise error.with_traceback(self._raised[0]) from error.__cause__
        return cast("A_co", answer if self._decode is None else self._decode(answer))

    def _outcome(self) -> Any:
        if self._drive.broken is not None:
            raise self._drive.broken
        return self._drive.session.outcome()

    @property
    def output(self) -> A_co:
        """The answer of the program; the word that agents use for it."""
        return self.value

    @property
    def result(self) -> Result[A_co, Exception]:
        """The answer or the error, as a `Result` of `returns`."""
        from returns.result import Failure, Success

        try:
            return Success(self.value)
        except Exception as error:  # noqa: BLE001 — any error is a result
            return Failure(error)

    @property
    def events(self) -> list[Event]:
        """Everything that has happened so far, in order."""
        return self._drive.events()

    @property
    def recording(self) -> Recording:
        """What was asked and answered, for a replay."""
        from flowai.interpreters.recording import Recording

        return Recording(self._drive.session.recording())

    def cancel(self, reason: str | None = None) -> None:
        """End the run; its cleanups still run, and a write in flight is waited for."""
        self._drive.cancel(reason)

    def wait(self) -> Run[A_co]:
        """Wait for the end on a thread without a loop, and return the run."""
        self._drive.finish_here()
        return self

    def __await__(self) -> Generator[Any, None, Run[A_co]]:
        return self._finished().__await__()

    async def _finished(self) -> Run[A_co]:
        await self._drive.finish()
        _ = self.value
        return self

    async def __aiter__(self) -> AsyncIterator[Event]:
        drive = self._drive
        ear = drive.session.listen()
        if drive.loop is None:
            # Whoever begins to read in the same turn hears the first piece too.
            await asyncio.sleep(0)
        drive.enter()
        with drive.parking.held(), drive.waiters.attending():
            told = turns = 0
            while True:
                seen = drive.waiters.count
                is_over = drive.finished
                events = drive.told(told, ear)
                for event in events:
                    told += event.seq is not None
                    yield event
                if is_over:
                    return
                if drive.pull():
                    turns += 1
                    if turns % TURNS_MAX == 0:
                        await asyncio.sleep(0)
                elif not events:
                    await drive.waiters.change(seen)

    async def __aenter__(self) -> Self:
        self._drive.enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._drive.finished and not self._drive.is_paused:
            self.cancel("the caller left")
            await self._drive.finish()

    def _check_finished(self) -> None:
        if not self._drive.finished:
            raise FlowaiError("the run is not over", hint="`await run` first", run_id=self.run_id)

    def __repr__(self) -> str:
        return f"<run {self.run_id}, {'over' if self._drive.finished else 'under way'}>"


def _beyond(trace: TracebackType | None, frames: int) -> TracebackType | None:
    for _ in range(frames):
        trace = None if trace is None else trace.tb_next
    return trace
