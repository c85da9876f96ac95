"""Events made of what the core tells, without checking again what the core guarantees.

The samples in `tests/vocabulary/` keep the two sides alike; `parse_event` checks what comes from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from flowai.events.event import Event

_Maker = Callable[[Any], Any]

_new = object.__new__
_slots = vars(BaseModel)
# A model is what these four hold; setting each by its own descriptor is the cheapest way that Python has.
_set_values: Callable[[Any, Any], None] = _slots["__dict__"].__set__
_set_names: Callable[[Any, Any], None] = _slots["__pydantic_fields_set__"].__set__
_set_extra: Callable[[Any, Any], None] = _slots["__pydantic_extra__"].__set__
_set_private: Callable[[Any, Any], None] = _slots["__pydantic_private__"].__set__


def _made(model: type[BaseModel], names: set[str], fields: dict[str, Any]) -> Any:
    made = _new(model)
    _set_values(made, fields)
    _set_names(made, names)
    _set_extra(made, None)
    _set_private(made, None)
    return made


def _maker(model: type[BaseModel]) -> _Maker:
    """Return how a model is made of its fields; one set names them for all, for what the core tells is whole."""
    return partial(_made, model, set(model.model_fields))


def _making(annotation: Any) -> _Maker | None:
    """Return how a field that holds models is made; None for one in JSON types."""
    inner = [
        each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, BaseModel)
    ]
    if not inner:
        return None
    make = _maker(inner[0])
    if get_origin(annotation) is list:
        return lambda written: [make(each) for each in written]
    return make


def _parts(model: type[BaseModel]) -> tuple[tuple[str, _Maker], ...]:
    made = ((name, _making(field.annotation)) for name, field in model.model_fields.items())
    return tuple((name, making) for name, making in made if making is not None)


_CLASSES = {
    model.model_fields["type"].default: (_maker(model), _parts(model)) for model in get_args(get_args(Event)[0])
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
    make, parts = _CLASSES[written["type"]]
    for name, part in parts:
        value = written[name]
        if value is not None:
            written[name] = part(value)
    event: Event = make(written)
    return event
