"""A kind of large value that travels as a handle with a glimpse."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from flowai.errors import GlimpseTooLarge, SpecError, ToolFailed
from flowai.specs.encoding import Encoding, Json, JsonObject, json_text
from flowai.specs.faults import Faults
from flowai.specs.handle import Handle, Ref
from flowai.specs.names import WIRE_NAME_HINT, wire_name_problem
from flowai.specs.numbers import is_whole_and_positive

__all__ = ["Handle", "Ref", "Reference", "define_reference", "find_reference"]

T = TypeVar("T")

GLIMPSE_BYTES_MAX = 2_048
"""A glimpse is read by a model on every turn, so it stays small."""


@dataclass(frozen=True, eq=False)
class Reference(Generic[T]):
    """A kind of stored value: its type, how long it lives, and what a model sees of it."""

    name: str
    schema: type[T]
    ttl_ms: int
    glimpse: Callable[[T], Any]
    encoding: Encoding = field(repr=False)
    schema_json: JsonObject = field(repr=False)

    def handle(self, content_id: str) -> Handle[T]:
        """Return the handle of a value of this kind."""
        return Handle(self.name, content_id, self.schema)

    def encode(self, value: T) -> Json:
        """Check a value and write it as JSON.

        Raises:
            ValueNotJson: the value is not of the declared type.
        """
        return self.encoding.encode(value)

    def decode(self, stored: Json) -> T:
        """Read a stored value back, typed.

        Raises:
            ValueNotJson: what is stored is not of the declared type.
        """
        value: T = self.encoding.decode(stored)
        return value

    def glimpse_of(self, value: T) -> Json:
        """Return what a model sees of a value.

        Raises:
            GlimpseTooLarge: it is over 2 KiB of JSON.
            ToolFailed: the user's glimpse function raised, or gave no JSON.
        """
        seen = self._seen(value)
        size = len(json.dumps(seen, ensure_ascii=False, separators=(",", ":")).encode())
        if size > GLIMPSE_BYTES_MAX:
            message = f"the glimpse of `{self.name}` is {size} bytes; {GLIMPSE_BYTES_MAX} are allowed"
            raise GlimpseTooLarge(message, hint="show counts and a short preview")
        return seen

    def _seen(self, value: T) -> Json:
        try:
            return json.loads(json_text(self.glimpse(value)))
        except Exception as error:
            message = f"the glimpse function of `{self.name}` failed: {type(error).__name__}: {error}"
            raise ToolFailed(message, hint="a glimpse takes the value and returns JSON") from error

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {"name": self.name, "schema": self.schema_json, "ttl_ms": self.ttl_ms}


def _is_function(given: object) -> bool:
    return callable(given)


_DEFINED: defaultdict[str, WeakSet[Reference[Any]]] = defaultdict(WeakSet)


def define_reference(name: str, schema: type[T], ttl_ms: int, glimpse: Callable[[T], Any]) -> Reference[T]:
    """Define a kind of value that is stored once and passed by handle.

    Args:
        name: the kind, the first half of every handle.
        schema: the type of the values, anything pydantic can write as JSON.
        ttl_ms: how long a value lives after it was last stored, in milliseconds.
        glimpse: what a model sees of a value, as JSON of at most 2 KiB.

    Raises:
        SpecError: listing everything that is wrong with the definition.

    Example:
        >>> ProductSet = define_reference("ProductSet", list[str], 3_600_000, len)
        >>> ProductSet.glimpse_of(["p1", "p2"])
        2
    """
    where = f"reference `{name}`"
    faults = Faults(where)
    if problem := wire_name_problem(name):
        faults.add(problem, hint=WIRE_NAME_HINT)
    if not is_whole_and_positive(ttl_ms):
        faults.add(f"`ttl_ms` is {ttl_ms!r}", hint="give a whole number of milliseconds above zero")
    if not _is_function(glimpse):
        faults.add("`glimpse` is not a function", hint="give `lambda value: {...}`")
    encoding = Encoding(schema)
    schema_json = faults.attempt(lambda: encoding.check(where, "`schema`"))
    faults.raise_if_any()
    reference = Reference(name, schema, ttl_ms, glimpse, encoding, schema_json or {})
    _DEFINED[name].add(reference)
    return reference


def find_reference(kind: str) -> Reference[Any] | None:
    """Return the reference of a name, which types a handle that was read from text.

    Raises:
        SpecError: two live references of that name hold values of different types.
    """
    found = list(_DEFINED.get(kind, ()))
    if any(each.schema != found[0].schema for each in found):
        hint = "give each a name of its own, or pass a handle that knows its type: `Reference.handle(id)`"
        raise SpecError(f"two references are called `{kind}`", where="reference", hint=hint)
    return found[0] if found else None
