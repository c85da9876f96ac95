"""What happened so far in a run, as a scripted argument reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flowai.errors import ScriptMismatch
from flowai.specs.handle import Handle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class SeenSoFar:
    """The conversation of the asking agent and the references of the run."""

    def __init__(self, messages: list[dict[str, Any]], stored: Callable[[], list[tuple[str, str]]]) -> None:
        self.messages = messages
        self._stored = stored

    def ref(self, kind: str) -> Handle[Any]:
        """Return the handle of that kind that was stored last.

        Raises:
            ScriptMismatch: Nothing of that kind was stored.
        """
        for name, content_id in reversed([*_handles(self.messages), *self._stored()]):
            if name == kind:
                return Handle(kind, content_id)
        raise ScriptMismatch(f"no `{kind}` was stored yet", hint="script the call that stores it first")

    def answer(self, tool: str) -> Any:
        """Return what that tool answered last.

        Raises:
            ScriptMismatch: It has not been called.
        """
        for message in reversed(self.messages):
            if message["role"] == "tool" and message["name"] == tool:
                return message["content"]
        raise ScriptMismatch(f"`{tool}` has not answered yet", hint="script a call of it first")


def _handles(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _handles(each)
    elif isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        kind, content_id = fields.get("kind"), fields.get("id")
        if isinstance(kind, str) and isinstance(content_id, str):
            yield kind, content_id
        for each in fields.values():
            yield from _handles(each)
