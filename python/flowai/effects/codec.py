"""How an answer is written as JSON and read back, by its declared type."""

from __future__ import annotations

from functools import lru_cache
from types import GenericAlias, NoneType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from flowai.errors import ValueNotJson

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from flowai.specs.encoding import Encoding

PLAIN: frozenset[type] = frozenset({str, int, float, bool, NoneType})
"""The types whose exact instances are their own JSON form."""


class Codec:
    """The way of one answer type to JSON and back; `Codec.of` makes it.

    Every interpreter gives a program `decode(encode(answer))`, so that a live answer and a
    replayed one cannot differ.

    Example:
        >>> from datetime import date
        >>> Codec.of(date).encode(date(2026, 7, 1))
        '2026-07-01'
        >>> Codec.of(date).decode("2026-07-01")
        datetime.date(2026, 7, 1)
    """

    __slots__ = ("_encoding", "_schema", "annotation", "plain")

    _known: ClassVar[dict[Any, Codec]] = {}

    annotation: Any
    """The declared type of the answer."""
    plain: type | None
    """A scalar whose exact instances pass untouched, or None."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.plain = _plain(annotation)
        self._encoding: Encoding | None = None
        self._schema: dict[str, Any] | None = None

    @classmethod
    def of(cls, annotation: Any, *, where: str = "an effect") -> Codec:
        """Return the codec of a type.

        Args:
            annotation: The declared type of the answer.
            where: What declares it, for the message.

        Raises:
            SpecError: The type has no JSON form.
        """
        try:
            return cls._known[_key(annotation)]
        except (KeyError, TypeError):
            codec = cls(annotation)
        if codec.plain is None:
            codec.encoding.check(where, "the answer")
        cls._remember(codec)
        return codec

    @classmethod
    def _remember(cls, codec: Codec) -> None:
        try:
            cls._known[_key(codec.annotation)] = codec
        except TypeError:  # some `Annotated` metadata has no hash
            return

    @property
    def encoding(self) -> Encoding:
        """The pydantic side, made when it is first needed."""
        if self._encoding is None:
            self._encoding = _encoding_of(self.annotation)
        return self._encoding

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what `decode` reads, made when it is first needed."""
        if self._schema is None:
            self._schema = self.encoding.schema()
        return self._schema

    def encode(self, value: object) -> Any:
        """Check a value by the declared type and write it as JSON.

        Raises:
            ValueNotJson: The value is not of the declared type, or has no JSON form.
        """
        if type(value) is self.plain:
            return value
        try:
            return self.encoding.encode(value)
        except (ValueError, TypeError, RecursionError) as error:
            raise _refused(value, self.annotation, error) from error

    def decode(self, value: Any) -> Any:
        """Read a value from JSON.

        Raises:
            ValueNotJson: The JSON does not fit the declared type.
        """
        if type(value) is self.plain:
            return value
        try:
            return self.encoding.decode(value)
        except (ValueError, TypeError, RecursionError) as error:
            raise _refused(value, self.annotation, error) from error

    def __repr__(self) -> str:
        return f"Codec({self.annotation!r})"


def annotation_of(value: object) -> Any:
    """Return the type by which a value is written and read back, elements included.

    Example:
        >>> annotation_of([1, "a"])
        list[int | str]
    """
    if type(value) is list:
        return GenericAlias(list, (_either(cast("list[object]", value)),))
    if type(value) is tuple:
        elements = tuple(annotation_of(each) for each in cast("tuple[object, ...]", value))
        return GenericAlias(tuple, elements or ((),))
    if type(value) is dict:
        entries = cast("dict[object, object]", value)
        return GenericAlias(dict, (_either(list(entries)), _either(list(entries.values()))))
    return type(value)


def _either(values: list[object]) -> Any:
    either: Any = None
    for annotation in dict.fromkeys(annotation_of(each) for each in values):
        either = annotation if either is None else either | annotation
    return Any if either is None else either


def _key(annotation: Any) -> Any:
    # `list[int | str]` and `list[str | int]` are equal, yet pydantic may read them differently.
    return (annotation, repr(annotation))


def _plain(annotation: Any) -> type | None:
    if annotation is None:
        return NoneType
    return annotation if isinstance(annotation, type) and annotation in PLAIN else None


def _refused(value: object, annotation: Any, error: Exception) -> ValueNotJson:
    from flowai.specs.encoding import spoken
    from flowai.specs.names import short_form

    path, reason = _first_fault(error)
    message = f"the value `{short_form(value, 60)}` is not {spoken(annotation)}: {reason}"
    return ValueNotJson(message, path=path, hint="give a value of the declared type")


def _first_fault(error: Exception) -> tuple[str, str]:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return "$", str(error)
    first: ErrorDetails = error.errors(include_url=False, include_input=False)[0]
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    return "$" + "".join(steps), first["msg"]


def _encoding_of(annotation: Any) -> Encoding:
    """Return the pydantic side of a type, made once for all codecs of it that live shortly."""
    try:
        return _cached_encoding(_key(annotation), annotation)
    except TypeError:  # some `Annotated` metadata has no hash
        return _cached_encoding.__wrapped__(None, annotation)


@lru_cache(maxsize=128)
def _cached_encoding(key: object, annotation: Any) -> Encoding:  # noqa: ARG001 — the key tells `1` from `True`
    from flowai.specs.encoding import Encoding

    return Encoding(annotation)
