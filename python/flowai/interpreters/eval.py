"""The eval interpreter: wraps another one, records what it answers, replays it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowai.interpreters.interpreter import Interpreter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flowai._bridge import Runtime
    from flowai.effects.effect import Effect
    from flowai.interpreters.recording import Recording
    from flowai.specs.script import Fails

H_contra = TypeVar("H_contra", contravariant=True)
E = TypeVar("E")
A = TypeVar("A")


class Eval(Interpreter[H_contra]):
    """Runs programs under another interpreter, and replays recordings without touching the world.

    Recording is transparent: the same answer and the same events as without it.

    Args:
        inner: The interpreter that answers.

    Example:
        >>> from flowai import DrawNumber
        >>> from flowai.interpreters import Live
        >>> first = Eval(Live()).run(DrawNumber(1, 1000))
        >>> again = Eval(Live()).replay(first.recording).run(DrawNumber(1, 1000))
        >>> again.value == first.value
        True
    """

    def __init__(self, inner: Interpreter[H_contra]) -> None:
        super().__init__()
        self._inner = inner
        self._recording: Recording | None = None
        self._goes_on = False
        self._answers = dict(inner.answers)
        self.is_virtual = inner.is_virtual

    def replay(self, recording: Recording, *, goes_on: bool = False) -> Eval[H_contra]:
        """Return an interpreter that answers from a recording.

        A program that asks something else stops with `ReplayMismatch`, which shows both sides.

        Args:
            recording: What was asked and answered, whole or `until` somewhere.
            goes_on: Whether the interpreter inside answers what the recording does not reach;
                without, such a question is a mismatch too.
        """
        replaying: Eval[H_contra] = Eval(self._inner)
        replaying._answers = dict(self._answers)
        replaying._recording = recording
        replaying._goes_on = goes_on
        replaying.is_virtual = self._inner.is_virtual or not goes_on
        return replaying

    def handling(self, effect: type[E], handler: Callable[[E], A | Awaitable[A]]) -> Eval[H_contra | E]:
        """Return a copy that answers one more effect of yours."""
        richer = self.with_answer(cast("type[Effect[Any]]", effect), handler)
        return cast("Eval[H_contra | E]", richer)

    def config(self) -> dict[str, Any]:
        """Return the settings of the next run."""
        config = self._inner.config()
        if self._recording is not None:
            config["replay"] = self._recording.records
            config["goes_on"] = self._goes_on
            config["run_id"] = self._recording.records["run_id"]
        return config

    def turns(self) -> tuple[Any, ...]:
        """Return the scripted turns of the interpreter inside."""
        return self._inner.turns()

    def failures(self) -> dict[str, list[Fails]]:
        """Return the failures of tools that the interpreter inside was given."""
        return self._inner.failures()

    def of_query(self, number: int) -> Eval[H_contra]:
        """Return what answers the n-th query of a runtime."""
        here = copy.copy(self)
        here._inner = self._inner.of_query(number)
        return here

    def store(self) -> Runtime:
        """Return the store of the interpreter inside."""
        return self._inner.store()
