"""Events made of what the core tells, without checking again what the core guarantees.

The samples in `tests/vocabulary/` keep the two sides alike; `parse_event` checks what comes from elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from flowai.events.event import Event

if TYPE_CHECKING:
    from collections.abc import Callable

_put = object.__setattr__

_NAMES: dict[type[BaseModel], set[str]] = {}
"""The names of all fields, one set for all events of a class: what the core tells is whole."""


def _made(model: type[BaseModel], fields: dict[str, Any]) -> Any:
    made = model.__new__(model)
    _put(made, "__dict__", fields)
    _put(made, "__pydantic_fields_set__", _NAMES[model])
    _put(made, "__pydantic_extra__", None)
    _put(made, "__pydantic_private__", None)
    return made


def _making(annotation: Any) -> Callable[[Any], Any] | None:
    """Return how a field that holds models is made; None for one in JSON types."""
    inner = [
        each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, BaseModel)
    ]
    if not inner:
        return None
    model = _noted(inner[0])
    if get_origin(annotation) is list:
        return lambda written: [_made(model, each) for each in written]
    return lambda written: _made(model, written)


def _noted(model: type[BaseModel]) -> type[BaseModel]:
    _NAMES[model] = set(model.model_fields)
    return model


def _parts(model: type[BaseModel]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    made = ((name, _making(field.annotation)) for name, field in model.model_fields.items())
    return tuple((name, making) for name, making in made if making is not None)


_CLASSES = {
    model.model_fields["type"].default: (_noted(model), _parts(model)) for model in get_args(get_args(Event)[0])
}


def event_of(written: dict[str, Any]) -> Event:
    """Return the event that the core wrote; the mapping becomes part of it.

    Example:
        >>> from flowai.events import parse_event
        >>> written = {"type": "run_resumed", "seq": 3, "run_id": "r", "thread_id": None, "tenant": None}
        >>> written |= {"agent": None, "at": 0, "position": "0", "parent": None}
        >>> event_of(dict(written)) == parse_event(written)
        True
    """
    model, parts = _CLASSES[written["type"]]
    for name, make in parts:
        value = written[name]
        if value is not None:
            written[name] = make(value)
    event: Event = _made(model, written)
    return event
