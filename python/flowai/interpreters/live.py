"""The live interpreter: answers from the world."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowai.interpreters.interpreter import Interpreter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flowai.effects.effect import Effect
    from flowai.interpreters.test import BuiltIn

H_contra = TypeVar("H_contra", contravariant=True)
E = TypeVar("E")
A = TypeVar("A")


class Live(Interpreter[H_contra]):
    """Answers from tools, people, the store, the clock and chance.

    Model providers come with the next release: until then a model call ends in `ModelUnavailable`,
    unless you answer it yourself with `handling(CallModel, gateway)`.

    Example:
        >>> from flowai import DrawNumber
        >>> Live().run(DrawNumber(1, 6)).value in range(1, 7)
        True
    """

    def __init__(self: Live[BuiltIn]) -> None:
        super().__init__()

    def handling(self, effect: type[E], handler: Callable[[E], A | Awaitable[A]]) -> Live[H_contra | E]:
        """Return a copy that answers one more effect of yours.

        Args:
            effect: The class of the effect.
            handler: Its answer, as a function of the effect; it may be async.
        """
        richer = self.with_answer(cast("type[Effect[Any]]", effect), handler)
        return cast("Live[H_contra | E]", richer)

    def config(self) -> dict[str, Any]:
        """Return the settings of the next run."""
        entropy = [secrets.randbits(64) for _ in range(4)]
        return {"interpreter": "live", "run_id": self.next_run_id(), "entropy": entropy}
