"""What stands for a stored value in prompts, plans and handoffs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeGuard, TypeVar, cast, get_args

from flowai.errors import ProgramError
from flowai.specs.late import pydantic_core

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic_core import CoreSchema

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

HANDLE_SCHEMA: dict[str, Any] = {
    "description": "a reference handle, as an object or as `kind:id`",
    "anyOf": [
        {
            "type": "object",
            "properties": {"kind": {"type": "string"}, "id": {"type": "string"}},
            "required": ["kind", "id"],
            "additionalProperties": False,
        },
        {"type": "string", "pattern": "^[^:]+:.+$"},
    ],
}


class Handle(Generic[T_co]):
    """The name of one stored value, frozen; its text form is `kind:id`.

    Raises:
        ValueError: the parts have no text form.

    Example:
        >>> handle = Handle.parse("ProductSet:9f2c")
        >>> handle.kind, handle.id, str(handle)
        ('ProductSet', '9f2c', 'ProductSet:9f2c')
    """

    # No dataclass: pydantic would not ask `Handle[T]` for its schema, and `Handle[T](...)` would raise.
    __slots__ = ("id", "kind", "schema")

    kind: str
    id: str
    schema: Any
    """The type of the value where it is known; no part of the handle's identity."""

    def __init__(self, kind: str, id: str, schema: Any = None) -> None:  # noqa: A002 — its public name
        if not kind or not id or ":" in kind:
            raise ValueError(f"`{kind}:{id}` is not a handle; write `kind:id`")
        for name, value in (("kind", kind), ("id", id), ("schema", schema)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse.

        Raises:
            AttributeError: always; a handle is frozen.
        """
        raise AttributeError(f"a handle is frozen; `{name}` cannot be set")

    def __eq__(self, other: object) -> bool:
        """Compare kind and id."""
        return isinstance(other, Handle) and str(self) == str(cast("object", other))

    def __hash__(self) -> int:
        """Hash kind and id."""
        return hash((self.kind, self.id))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the parts."""
        return (Handle, (self.kind, self.id, self.schema))

    def __repr__(self) -> str:
        """Show the parts."""
        return f"Handle(kind={self.kind!r}, id={self.id!r})"

    def __str__(self) -> str:
        """Return the text form."""
        return f"{self.kind}:{self.id}"

    def to_json(self) -> dict[str, str]:
        """Return the object form."""
        return {"kind": self.kind, "id": self.id}

    @classmethod
    def parse(cls, written: object, schema: Any = None) -> Handle[Any]:
        """Read a handle from its text, its object form, or a handle.

        Raises:
            ValueError: it is no handle.
        """
        if isinstance(written, Handle):
            return Handle(written.kind, written.id, schema or written.schema)
        if isinstance(written, str):
            kind, _, name = written.partition(":")
            return Handle(kind, name, schema)
        return _from_object(written, schema)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic read and write handles."""
        schema = _argument(source)
        return pydantic_core.core_schema.no_info_plain_validator_function(
            lambda written: Handle.parse(written, schema),
            serialization=pydantic_core.core_schema.plain_serializer_function_ser_schema(_handle_json),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Tell models both forms of a handle."""
        return HANDLE_SCHEMA


class Ref(Generic[T_co]):
    """A parameter or action field that takes a handle and holds the value in the body.

    The model passes a handle; the runtime loads the value outside the model's context
    before the body of the tool or action runs.

    Example:
        >>> ref = Ref.hydrated("ProductSet:9f2c", ["p1", "p2"])
        >>> ref.value
        ['p1', 'p2']
    """

    __slots__ = ("_loaded", "handle")

    handle: Handle[T_co]

    def __init__(self, handle: Handle[T_co] | str) -> None:
        self.handle = Handle.parse(handle)
        self._loaded: tuple[T_co] | None = None

    @staticmethod
    def hydrated(handle: Handle[Any] | str, value: T) -> Ref[T]:
        """Return a reference that already holds its value."""
        ref: Ref[T] = Ref(handle)
        ref._loaded = (value,)
        return ref

    @property
    def value(self) -> T_co:
        """The value, typed.

        Raises:
            ProgramError: the value was asked for before the runtime loaded it.
        """
        if self._loaded is None:
            hint = "the runtime loads it before the body runs; in a test use `Ref.hydrated(handle, value)`"
            raise ProgramError(f"the value of `{self.handle}` is not loaded", hint=hint)
        return self._loaded[0]

    @property
    def is_hydrated(self) -> bool:
        """Whether the value is loaded."""
        return self._loaded is not None

    def __eq__(self, other: object) -> bool:
        """Two references are equal where their handles are: ids are content-addressed."""
        return _is_ref(other) and self.handle == other.handle

    def __hash__(self) -> int:
        """Hash the handle."""
        return hash(self.handle)

    def __repr__(self) -> str:
        """Show the handle, never the value."""
        return f"Ref('{self.handle}')"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic read a handle and check the loaded value by the declared type."""
        schema = _argument(source)
        inner = handler.generate_schema(Any if schema is None else schema)

        def read(written: Any, check: Callable[[Any], Any], info: ValidationInfo) -> Ref[Any]:
            return _read_ref(written, schema, check, info.context)

        return pydantic_core.core_schema.with_info_wrap_validator_function(
            read, inner, serialization=pydantic_core.core_schema.plain_serializer_function_ser_schema(_ref_json)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Tell models to pass a handle."""
        return HANDLE_SCHEMA


@dataclass(frozen=True, slots=True)
class Hydration:
    """The pydantic context by which loaded values reach `Ref` fields, however deep.

    Reading once with nothing loaded collects the handles; reading again fills the values in.
    """

    values: Mapping[Handle[Any], Any] = field(default_factory=dict[Handle[Any], Any])
    asked: list[Handle[Any]] = field(default_factory=list[Handle[Any]])


def _is_ref(value: object) -> TypeGuard[Ref[Any]]:
    return isinstance(value, Ref)


def _read_ref(written: Any, schema: Any, check: Callable[[Any], Any], context: Any) -> Ref[Any]:
    ref = written if _is_ref(written) else Ref(Handle.parse(written, schema))
    if ref.is_hydrated:
        return Ref.hydrated(ref.handle, check(ref.value))
    if not isinstance(context, Hydration):
        return ref
    context.asked.append(ref.handle)
    if ref.handle not in context.values:
        return ref
    return Ref.hydrated(ref.handle, check(context.values[ref.handle]))


def _from_object(written: object, schema: Any) -> Handle[Any]:
    if isinstance(written, Mapping):
        parts = cast("Mapping[str, object]", written)
        kind, name = parts.get("kind"), parts.get("id")
        if isinstance(kind, str) and isinstance(name, str) and len(parts) == 2:
            return Handle(kind, name, schema)
    raise ValueError("not a handle; write `kind:id` or an object of `kind` and `id`")


def _argument(source: Any) -> Any:
    arguments = get_args(source)
    return arguments[0] if arguments and not isinstance(arguments[0], TypeVar) else None


def _handle_json(handle: Handle[Any]) -> dict[str, str]:
    return handle.to_json()


def _ref_json(ref: Ref[Any]) -> dict[str, str]:
    return ref.handle.to_json()
