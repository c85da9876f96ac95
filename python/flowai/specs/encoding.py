"""How the values of one annotation are written as JSON and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import NoneType
from typing import Any, Literal, cast

from flowai.errors import ValueNotJson
from flowai.specs.faults import refuse
from flowai.specs.late import pydantic, pydantic_core

Json = Any
"""A JSON value as Python sees it: dict, list, str, int, float, bool or None."""

JsonObject = dict[str, Any]

SCALARS: frozenset[type] = frozenset({str, int, float, bool, NoneType})
"""The types whose exact instances are their own JSON form."""

_OPEN: tuple[Any, ...] = (Any, object, dict, dict[str, Any], dict[str, object])
"""The annotations that take any JSON object as it is."""


class Encoding:
    """The JSON form of one annotation; pydantic is imported on first use.

    Example:
        >>> from datetime import date
        >>> Encoding(date).encode(date(2026, 7, 1))
        '2026-07-01'
        >>> Encoding(date).decode("2026-07-01")
        datetime.date(2026, 7, 1)
    """

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation

    @cached_property
    def adapter(self) -> pydantic.TypeAdapter[Any]:
        """The pydantic adapter of the annotation."""
        return pydantic.TypeAdapter(self.annotation)

    @cached_property
    def serializer(self) -> pydantic_core.SchemaSerializer:
        """What writes values of the annotation, made once one was checked: some types are complete only then.

        Left to itself pydantic writes NaN as null where the annotation is open, and nobody hears of it.
        """
        return pydantic_core.SchemaSerializer(self.adapter.core_schema, {"ser_json_inf_nan": "constants"})

    @cached_property
    def scalar(self) -> type | None:
        """The annotation, where it is a scalar whose exact instances are their own JSON form."""
        annotation = self.annotation
        return annotation if isinstance(annotation, type) and annotation in SCALARS else None

    @cached_property
    def is_open(self) -> bool:
        """Whether any JSON object is of the annotated type and its own JSON form."""
        return any(self.annotation == each for each in _OPEN)

    def encode(self, value: object) -> Json:
        """Check a value against the annotation and write it as JSON.

        Raises:
            ValueNotJson: the value is not of the annotated type.
        """
        if type(value) is self.scalar and is_exact(value):
            return value
        if self.is_open and _is_flat(value):
            return dict(cast("JsonObject", value))
        try:
            checked = self.adapter.validate_python(value)
            return self.serializer.to_python(checked, mode="json", warnings="error", fallback=_open)
        except (ValueError, RecursionError) as error:
            raise self._unfit(error, value) from error

    def decode(self, value: Json, *, context: Any = None) -> Any:
        """Read a value from JSON.

        Raises:
            ValueNotJson: the JSON does not fit the annotation.
        """
        try:
            # JSON mode is not Python mode: a strict model takes a date only from JSON text.
            return self.adapter.validate_json(json_text(value), context=context)
        except (ValueError, RecursionError) as error:
            raise self._unfit(error) from error

    def _unfit(self, error: Exception, value: object = None) -> ValueNotJson:
        path, message = first_problem(error, value)
        return ValueNotJson(f"not a {spoken(self.annotation)}: {message}", path=path)

    def schema(self, mode: Literal["validation", "serialization"] = "validation") -> JsonObject:
        """Return the JSON Schema of the annotation without generated titles."""
        schema: JsonObject = without_titles(self.adapter.json_schema(mode=mode))
        return schema

    def check(self, where: str, what: str) -> JsonObject:
        """Return the schema, or refuse an annotation that cannot be written and read back.

        Raises:
            SpecError: the annotation has no JSON form.
        """
        try:
            self.schema("serialization")
            return self.schema()
        except (pydantic.PydanticUserError, NameError, TypeError) as error:
            raise refuse(
                where,
                f"{what} cannot be written as JSON: {spoken(self.annotation)}: {str(error).splitlines()[0]}",
                hint="use JSON types, a pydantic model, a dataclass, or a reference handle",
            ) from error


def _open(value: object) -> Json:
    """Write what stands where the annotation is open: a handle or a reference has a JSON form of its own."""
    if type(value).__module__ == "flowai.specs.handle":
        handle: Any = getattr(value, "handle", value)
        return handle.to_json()
    raise pydantic_core.PydanticSerializationError(f"unable to serialize unknown type: {type(value)}")


def is_exact(value: object) -> bool:
    """Whether a value is a scalar that JSON surely has; a text might hold half a character."""
    return type(value) in SCALARS and (not isinstance(value, str) or value.isascii())


def _is_flat(value: object) -> bool:
    """Whether a value is an object of scalars."""
    if type(value) is not dict:
        return False
    fields = cast("dict[object, object]", value)
    return all(type(key) is str and key.isascii() and is_exact(each) for key, each in fields.items())


def problems(error: Exception, value: object = None) -> list[tuple[str, str]]:
    """Return where and what is wrong, one pair for each problem that pydantic found in a value."""
    if not isinstance(error, pydantic.ValidationError):
        return [(unwritable(value), _lowered(str(error)))]
    return [(_path(each["loc"]), _lowered(each["msg"])) for each in error.errors(include_url=False)]


def first_problem(error: Exception, value: object = None) -> tuple[str, str]:
    """Return the first path in a value, and all problems as one sentence."""
    found = problems(error, value)
    return found[0][0], "; ".join(f"`{path}`: {message}" for path, message in found)


def _path(location: tuple[int | str, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def unwritable(value: object) -> str:
    """Return the path of the first part of a value that has no JSON form.

    Example:
        >>> unwritable({"orders": [{"by": object()}]})
        '$.orders[0].by'
    """
    path, whole = "$", value
    while (found := _first_unwritable(whole)) is not None:
        step, whole, error = found
        path += step
        if isinstance(error, RecursionError) or "ircular" in str(error) or "depth" in str(error):
            # Descending into a circle would never end, and into a depth would help nobody.
            return path
    return path


def _first_unwritable(value: object) -> tuple[str, object, Exception] | None:
    for step, part in _parts(value):
        try:
            json_text(part)
        except (ValueError, RecursionError) as error:
            return step, part, error
    return None


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, part in cast("Mapping[object, object]", value).items():
            # A name may be what has no JSON form, and the path is printed.
            name = f".{key}".encode(errors="backslashreplace").decode()
            yield from ((name, key), (name, part))
    elif isinstance(value, list | tuple):
        yield from ((f"[{index}]", part) for index, part in enumerate(cast("list[object]", value)))
    elif not isinstance(value, type) and hasattr(value, "__dict__"):
        yield from ((f".{name}", part) for name, part in vars(value).items())


def json_text(value: Json) -> bytes:
    """Write a JSON value as text, numbers kept exact."""
    return pydantic_core.to_json(value, inf_nan_mode="constants")


def json_value(value: object) -> Json:
    """Return a value as plain JSON: a model becomes a dict, a date a text.

    Raises:
        ValueNotJson: something in it has no JSON form.
    """
    try:
        return json.loads(json_text(value))
    except ValueError as error:
        raise ValueNotJson(str(error)) from error


def spoken(annotation: object) -> str:
    """Write an annotation as a person would.

    Example:
        >>> spoken(int), spoken(list[int])
        ('`int`', '`list[int]`')
    """
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return f"`{annotation.__qualname__}`"
    return f"`{annotation}`"


def without_titles(schema: Json) -> Json:
    """Drop the titles that pydantic derives from names; they cost tokens and say nothing."""
    if isinstance(schema, list):
        return [without_titles(each) for each in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    entries = cast("JsonObject", schema).items()
    return {key: _untitled(key, value) for key, value in entries if not _is_title(key, value)}


def _is_title(key: str, value: Json) -> bool:
    return key == "title" and isinstance(value, str)


def _untitled(key: str, value: Json) -> Json:
    if key in {"properties", "$defs", "patternProperties"}:
        return {name: without_titles(each) for name, each in value.items()}
    if key in {"default", "const", "enum", "examples", "mapping"}:
        return value
    return without_titles(value)
