"""One question for the store of references: keep this value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import References
from flowai.effects.wrong_part import wrong_part
from flowai.errors import ValueNotJson
from flowai.specs.handle import Handle

if TYPE_CHECKING:
    from flowai.specs.reference import Reference

T = TypeVar("T")


@dataclass(frozen=True, init=False)
class StoreRef(Effect[Handle[T]], References, Generic[T]):
    """Store a value and answer with its handle; equal values have equal handles.

    Args:
        kind: The reference, made by `define_reference`.
        value: The value.

    Raises:
        GlimpseTooLarge: What a model would see of the value is too large.
        ProgramError: `kind` is no reference.

    Example:
        >>> from flowai.specs.reference import define_reference
        >>> ProductSet = define_reference("ProductSet", list[str], 3_600_000, len)
        >>> StoreRef(ProductSet, ["p1"]).encode()
        {'kind': 'ProductSet', 'value': ['p1']}
    """

    reference: Reference[T]
    """The kind of the value."""
    value: T
    """The value."""

    def __init__(self, kind: Reference[T], value: T) -> None:
        if not hasattr(kind, "schema"):
            raise wrong_part(kind, "kind of reference", hint="make one with `define_reference`")
        object.__setattr__(self, "reference", kind)
        object.__setattr__(self, "value", value)

    @property
    def codec(self) -> Codec:
        """How the handle is written as JSON and read back."""
        schema: Any = self.reference.schema
        return Codec.of(Handle[schema], where="`StoreRef`")

    def encode(self) -> dict[str, Any]:
        """Write the name of the kind and the value as JSON.

        Raises:
            ValueNotJson: The value is not of the type that the reference declares.
        """
        try:
            return {"kind": self.reference.name, "value": self.reference.encode(self.value)}
        except ValueError as error:
            message = f"the value is no `{self.reference.name}`: {error}"
            raise ValueNotJson(message, hint="store a value of the declared type") from error
