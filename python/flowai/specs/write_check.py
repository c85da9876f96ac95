"""What a tool can say about a call of its own that nobody saw end."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flowai.specs.faults import refuse
from flowai.specs.signature import is_context, resolve_annotations

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from flowai.specs.context import ToolContext
    from flowai.specs.decision import Settlement

HINT = "write `def check(key: str)`, or `def check(ctx: ToolContext[Services], key: str)`"


@dataclass(frozen=True, slots=True)
class WriteCheck:
    """Looks by idempotency key whether a write happened.

    It returns `Happened(result)`, `RunAgain()` or `Failed("why")`; with `None` it cannot say, and a human is asked.
    """

    function: Callable[..., Any]
    takes_context: bool

    async def settle(self, context: ToolContext[Any], key: str) -> Settlement | None:
        """Return what the function says; whatever it raises is for the caller."""
        leading = (context,) if self.takes_context else ()
        said = self.function(*leading, key)
        if inspect.isawaitable(said):
            said = await said
        return cast("Settlement | None", said)


def read_check(function: Callable[..., Any] | None, where: str, frame: FrameType | None) -> WriteCheck | None:
    """Read the signature of a check.

    Raises:
        SpecError: it does not take the key.
    """
    if function is None:
        return None
    if not callable(function):
        raise refuse(where, f"`check` is {function!r}", hint=HINT)
    try:
        names = list(inspect.signature(function).parameters)
    except ValueError as error:
        raise refuse(where, f"the signature of `check` cannot be read: {error}", hint=HINT) from error
    hints = resolve_annotations(function, where, frame)
    takes_context = bool(names) and is_context(hints.get(names[0]))
    if len(names) != 1 + takes_context:
        raise refuse(where, "`check` does not take the idempotency key", hint=HINT)
    return WriteCheck(function, takes_context)
