"""The eval interpreter: wraps another one, records what it answers, replays it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowai.errors import SpecError, StorageError
from flowai.interpreters.interpreter import Interpreter
from flowai.interpreters.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowai._bridge import Runtime
    from flowai.effects.effect import Effect
    from flowai.specs.provider import ProviderSpec

H_contra = TypeVar("H_contra", contravariant=True)
E = TypeVar("E")


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
        if not isinstance(cast("object", inner), Interpreter):
            raise SpecError(f"`{inner!r:.60}` is no interpreter", hint="wrap one, as in `Eval(Test(script=[...]))`")
        super().__init__(budget=inner.budget, prices=inner.prices)
        self.observer = inner.observer
        self._inner = inner
        self._query = 1
        self._recording: Recording | None = None
        self._goes_on = False
        self._answers = dict(inner.answers)
        self.is_virtual = inner.is_virtual

    @property
    def inner(self) -> Interpreter[H_contra]:
        """The interpreter that answers."""
        return self._inner

    def replay(self, recording: Recording, *, goes_on: bool = False) -> Eval[H_contra]:
        """Return an interpreter that answers from a recording.

        A program that asks something else stops with `ReplayMismatch`, which shows both sides.

        Where the run goes on, the store stands as the recording left it. An approval in the recording
        lets nothing out: it counts only where the recording also holds the answer of the call, or of
        every call of the plan, and is asked again otherwise. A refusal stands.

        Args:
            recording: What was asked and answered, whole or `until` somewhere.
            goes_on: Whether the interpreter inside answers what the recording does not reach;
                without, such a question is a mismatch too.

        Raises:
            StorageError: What was given is no recording.
        """
        if not isinstance(cast("object", recording), Recording):
            raise StorageError("this is no recording", hint="give `run.recording`, or `Recording.from_json(...)`")
        replaying: Eval[H_contra] = Eval(self._inner)
        replaying._answers = dict(self._answers)
        replaying.observer = self.observer
        replaying._recording = recording
        replaying.replays = True
        replaying._goes_on = goes_on
        replaying.is_virtual = self._inner.is_virtual or not goes_on
        return replaying

    def handling(self, effect: type[E], handler: Callable[[E], object]) -> Eval[H_contra | E]:
        """Return a copy that answers one more effect of yours."""
        richer = self.with_answer(cast("type[Effect[Any]]", effect), handler)
        return cast("Eval[H_contra | E]", richer)

    def config(self) -> dict[str, Any]:
        """Return the settings of the next run."""
        config = self._inner.config()
        if self._recording is not None:
            config["replay"] = self._recording.records
            config["goes_on"] = self._goes_on
            name = self._recording.records["run_id"]
            # A second replay in one runtime is a run of its own, beside the first in the same store.
            config["run_id"] = name if self._query == 1 else f"{name}-again-{self._query}"
        return config

    def turns(self) -> tuple[Any, ...]:
        """Return the scripted turns of the interpreter inside."""
        return self._inner.turns()

    def policies(self) -> tuple[dict[str, Any], ...]:
        """Return the rules that the interpreter inside adds."""
        return self._inner.policies()

    def of_query(self, number: int) -> Eval[H_contra]:
        """Return what answers the n-th query of a runtime."""
        here = copy.copy(self)
        here._inner = self._inner.of_query(number)
        here._query = number
        return here

    def world(self, providers: Mapping[str, ProviderSpec]) -> dict[str, Any]:
        """Return what the interpreter inside asks models by."""
        return self._inner.world(providers)

    def store(self) -> Runtime:
        """Return the store of the interpreter inside."""
        return self._inner.store()
