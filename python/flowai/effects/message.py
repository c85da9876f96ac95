"""Messages of a conversation as people write them, in the one form that the core reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast

from flowai.effects.file import File
from flowai.effects.model_answer import ModelAnswer
from flowai.errors import ProgramError

MessageLike = Mapping[str, Any] | ModelAnswer
"""A mapping with `role` and what belongs to it, or an answer that a model gave before."""

FIELDS: dict[str, dict[str, Any]] = {
    "system": {"text": ""},
    "user": {"text": "", "files": ()},
    "assistant": {"text": "", "thinking": None, "tool_calls": (), "parts": (), "api": None},
    "tool": {"call_id": None, "name": "", "content": None, "is_error": False},
}
"""What each role may say, with what stands where it says nothing."""

LEFT_OUT = ("files", "parts", "api")
"""What is not written where it is empty."""


def as_mappings(messages: Iterable[MessageLike]) -> tuple[Mapping[str, Any], ...]:
    """Return messages as they were written, and answers of models as the messages that remember them."""
    return tuple(each.message() if isinstance(each, ModelAnswer) else each for each in messages)


def messages_json(messages: Sequence[object]) -> list[dict[str, Any]]:
    """Return a conversation in the core's form.

    Raises:
        ProgramError: Naming the message with an unknown role or key.

    Example:
        >>> messages_json([{"role": "user", "content": "hello"}])
        [{'role': 'user', 'text': 'hello'}]
    """
    return [_message(number, message) for number, message in enumerate(messages)]


def _message(number: int, written: object) -> dict[str, Any]:
    if not isinstance(written, Mapping):
        hint = 'write `{"role": "user", "text": "..."}`, or give the `ModelAnswer` itself'
        raise ProgramError(f"message {number} is a `{type(written).__name__}`", hint=hint)
    message = dict(cast("Mapping[str, Any]", written))
    role = message.pop("role", None)
    if not isinstance(role, str) or role not in FIELDS:
        raise ProgramError(f"message {number} has the role `{role}`", hint=_nearest(str(role), [*FIELDS]))
    fields = FIELDS[role]
    if "text" in fields and "content" in message and "text" not in message:
        message["text"] = message.pop("content")
    for key in message:
        if key not in fields:
            raise ProgramError(f"message {number} of `{role}` has the key `{key}`", hint=_nearest(key, [*fields]))
    return _checked(number, role, {**fields, **message})


def _checked(number: int, role: str, message: dict[str, Any]) -> dict[str, Any]:
    for key in ("text", "call_id"):
        if key in message and not isinstance(message[key], str):
            hint = (
                "give a text; pictures and documents go into `files`" if key == "text" else "name the call it answers"
            )
            raise ProgramError(f"the `{key}` of message {number} of `{role}` is {message[key]!r:.60}", hint=hint)
    for key in ("files", "tool_calls", "parts"):
        if key in message:
            message[key] = _listed(number, key, message[key])
    written = {"role": role, **message}
    return {key: value for key, value in written.items() if value or key not in LEFT_OUT}


def _listed(number: int, key: str, values: object) -> list[Any]:
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise ProgramError(f"the `{key}` of message {number} are no list", hint=f'write `"{key}": [...]`')
    return [_plain(number, key, value) for value in cast("Sequence[object]", values)]


def _plain(number: int, key: str, value: object) -> Any:
    if isinstance(value, File):
        return value.to_json()
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    hint = "give `File(...)`, `File.at(path)` or `File.from_url(url)`" if key == "files" else "give mappings"
    raise ProgramError(f"a `{type(value).__name__}` is among the `{key}` of message {number}", hint=hint)


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"there are {', '.join(f'`{each}`' for each in known)}"
