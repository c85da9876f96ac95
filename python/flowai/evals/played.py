"""The eval interpreter of a cassette: each run it begins is the next of those that were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowai.interpreters.eval import Eval

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai.interpreters.drive import Drive
    from flowai.interpreters.interpreter import Interpreter
    from flowai.interpreters.recording import Recording
    from flowai.programs.program import Askable


class Played(Eval[Any]):
    """Replays a recording for each run.

    Args:
        inner: The interpreter that was recorded; it is not asked.
        take: Gives the recording of the next run.
    """

    def __init__(self, inner: Interpreter[Any], take: Callable[[], Recording]) -> None:
        super().__init__(inner)
        self.replays = self.is_virtual = True
        self._take = take

    def of_query(self, number: int) -> Eval[Any]:
        """Return what answers the n-th query of a runtime."""
        return self._inner_of(number).replay(self._take())

    def _inner_of(self, number: int) -> Eval[Any]:
        here = Eval(self._inner.of_query(number))
        here._answers = dict(self._answers)
        here.observer = self.observer
        return here

    def _begin(self, program: Askable[Any, Any]) -> Drive:
        return self.of_query(1)._begin(program)
