"""One line of a running program: its stack, and what it is told next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flowai.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai.laws.meaning import Frame, Wait


class Context(NamedTuple):
    """What a frame inherits from the frame that pushed it."""

    row: frozenset[type] | None = None
    """What every program function around it declares; None is anything."""
    is_retrying: bool = False
    """Whether a retry is around it."""
    is_masked: bool = False
    """Whether it is a cleanup, which no cancel interrupts."""


class Branch:
    """A stack of frames; the last one runs."""

    def __init__(self, wake: Callable[[Branch], None], order: int) -> None:
        self.order = order
        self.frames: list[tuple[Frame, Context]] = []
        self.is_done = False
        self.waiting: Wait | None = None
        """What it waits for."""
        self.ticket = 0
        """Counts the waits, so that a timer of an earlier one means nothing."""
        self.waiters: list[tuple[Branch, int]] = []
        self._wake = wake
        self._is_cancelled = False
        self._is_told = False
        self._value: Any = None
        self._error: BaseException | None = None

    def give(self, value: Any) -> None:
        """Tell the running frame an answer."""
        self._value, self._error = value, None

    def throw(self, error: BaseException) -> None:
        """Tell the running frame an error."""
        self._value, self._error = None, error

    def resume(self) -> Any:
        """Run the last frame up to its next request."""
        frame, context = self.frames[-1]
        if self._is_cancelled and not self._is_told and not context.is_masked:
            self._is_told = True
            self.throw(Cancelled())
        error, self._error = self._error, None
        value, self._value = self._value, None
        return frame.send(value) if error is None else frame.throw(error)

    def cancel(self) -> None:
        """Throw `Cancelled` in, once; into a cleanup only when it is through."""
        if self.is_done or self._is_cancelled:
            return
        self._is_cancelled = True
        is_stopping = self.waiting is not None and self.waiting.for_all
        if not is_stopping and not self.frames[-1][1].is_masked:
            self._wake(self)

    def answer(self) -> Any:
        """Return the answer of a branch that has ended, or raise its error."""
        if self._error is not None:
            raise self._error
        return self._value
