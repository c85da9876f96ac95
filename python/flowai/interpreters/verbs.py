"""What the verbs of a runtime stand on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowai import _bridge
    from flowai.interpreters.afterwards import Beginning
    from flowai.interpreters.interpreter import Interpreter
    from flowai.interpreters.opening import Opening
    from flowai.interpreters.run import Run
    from flowai.interpreters.threads import Threads
    from flowai.specs.plan import Plan
    from flowai.specs.runtime import RuntimeSpec


class Verbs(ABC):
    """The parts that a group of verbs needs; a runtime brings them."""

    spec: RuntimeSpec
    native: _bridge.Runtime
    shelf: _bridge.Shelf
    threads: Threads
    interpreter: Interpreter[Any]
    plans: dict[str, Plan[Any]]
    _opening: Opening
    _drains: bool

    @abstractmethod
    def _take_up(
        self,
        beginning: Beginning,
        name: str,
        thread_id: str | None,
        *,
        tenant: str | None,
        principal: str | None,
        context: Any,
        queue: bool,
    ) -> Run[Any]:
        """Begin a run in its own way, beside the queries."""
