"""One question for the store of references: give this value back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import References

if TYPE_CHECKING:
    from flowai.specs.handle import Handle

A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True)
class LoadRef(Effect[A_co], References):
    """Load the value of a handle and answer with it, typed.

    Raises:
        ReferenceNotFound: The handle is unknown, expired, or of another tenant.

    Example:
        >>> from flowai.specs.handle import Handle
        >>> LoadRef(Handle.parse("ProductSet:9f2c")).encode()
        {'handle': {'kind': 'ProductSet', 'id': '9f2c'}}
    """

    handle: Handle[A_co]
    """The name of the value."""

    @property
    def codec(self) -> Codec:
        """How the value is written as JSON and read back."""
        return Codec.of(_schema(self.handle), where="`LoadRef`")

    def encode(self) -> dict[str, Any]:
        """Write the handle as JSON."""
        return {"handle": self.handle.to_json()}


def _schema(handle: Handle[Any]) -> Any:
    if handle.schema is not None:
        return handle.schema
    from flowai.specs.reference import find_reference

    reference = find_reference(handle.kind)
    return Any if reference is None else reference.schema
