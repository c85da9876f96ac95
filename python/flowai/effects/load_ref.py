"""One question for the store of references: give this value back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar, overload

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import References
from flowai.effects.wrong_part import wrong_part
from flowai.specs.handle import Handle

A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True, init=False)
class LoadRef(Effect[A_co], References):
    """Load the value of a handle and answer with it, typed.

    Args:
        handle: The name of the value, also in its text form `kind:id`.

    Raises:
        ReferenceNotFound: The handle is unknown, expired, or of another tenant.
        ProgramError: It is no handle.

    Example:
        >>> from flowai.specs.handle import Handle
        >>> LoadRef(Handle.parse("ProductSet:9f2c")).encode()
        {'handle': {'kind': 'ProductSet', 'id': '9f2c'}}
    """

    handle: Handle[A_co]
    """The name of the value."""

    @overload
    def __init__(self, handle: Handle[A_co]) -> None: ...
    @overload
    def __init__(self: LoadRef[Any], handle: str) -> None: ...
    def __init__(self, handle: Any) -> None:
        try:
            object.__setattr__(self, "handle", Handle.parse(handle))
        except ValueError as error:
            hint = 'give what `StoreRef` answered, or `Handle.parse("ProductSet:9f2c")`'
            raise wrong_part(handle, "handle", hint=hint) from error

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
