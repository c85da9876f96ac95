"""A union of models told apart by their `kind`."""

from __future__ import annotations

from enum import Enum
from functools import partial
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeGuard, Union, cast, get_args, get_origin

from flowai.specs.encoding import spoken
from flowai.specs.faults import Faults, refuse
from flowai.specs.late import pydantic, pydantic_core

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

TAG = "kind"


class TaggedUnion:
    """A union that reads `kind` to choose a variant; each variant gives its own by default.

    `TaggedUnion(A, B)` is `Annotated[A | B, TaggedUnion]`, which type checkers read too.

    Raises:
        SpecError: a variant is no model, has no `kind` of its own, or shares it with another.

    Example:
        >>> from pydantic import BaseModel, TypeAdapter
        >>> class Raise(BaseModel):
        ...     kind: str = "raise"
        ...     by: float
        >>> class Lower(BaseModel):
        ...     kind: str = "lower"
        ...     by: float
        >>> TypeAdapter(TaggedUnion(Raise, Lower)).validate_python({"kind": "lower", "by": 2})
        Lower(kind='lower', by=2.0)
    """

    def __new__(cls, *variants: type[Any]) -> Any:
        """Check the variants and return the annotation."""
        tags_of(variants)
        return Annotated[_union(variants), cls]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic choose the variant by its tag."""
        schemas = pydantic_core.core_schema
        tags = tags_of(members(source))
        union = schemas.tagged_union_schema(
            choices={tag: handler.generate_schema(variant) for tag, variant in tags.items()},
            discriminator=TAG,
        )
        return schemas.no_info_before_validator_function(_tag_required(tuple(tags)), union)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Make `kind` a required constant of each variant, so that any validator tells them apart."""
        union = cast("dict[str, Any]", schema)["schema"]
        choices = cast("dict[str, CoreSchema]", union["choices"])
        return {"oneOf": [_tagged(tag, handler(variant), handler) for tag, variant in choices.items()]}


def _union(variants: tuple[type[Any], ...]) -> Any:
    # Not `|`: the models of a metaclass of the user's may not have it.
    return cast("Any", Union)[variants]


def tags_of(variants: Iterable[Any]) -> dict[str, type[pydantic.BaseModel]]:
    """Return each variant by its tag.

    Raises:
        SpecError: listing every variant that cannot be told apart.
    """
    faults = Faults("tagged union")
    tags: dict[str, type[pydantic.BaseModel]] = {}
    for variant in variants:
        tag = faults.attempt(partial(_required_tag, variant))
        if tag is not None and tag in tags:
            names = f"`{tags[tag].__name__}` and `{variant.__name__}`"
            faults.add(f"{names} share the kind `{tag}`", hint="give each variant a `kind` of its own")
        elif tag is not None:
            tags[tag] = variant
    if not tags and not len(faults):
        faults.add("there are no variants", hint="write `TaggedUnion(PriceChange, PromotionLaunch)`")
    faults.raise_if_any()
    return tags


def tag_of(variant: type[pydantic.BaseModel]) -> str | None:
    """Return the `kind` a model gives itself, by a default or a one-valued `Literal`."""
    field = variant.model_fields.get(TAG)
    if field is None or (field.alias or TAG) != TAG:
        return None
    options = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    tag = options[0] if len(options) == 1 else field.default
    if isinstance(tag, Enum):
        tag = tag.value
    return tag if isinstance(tag, str) and tag else None


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union, annotated or not; anything else is its own only member."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    return get_args(annotation) if origin in (Union, UnionType) else (annotation,)


def _required_tag(variant: object) -> str:
    if not _is_model(variant):
        raise refuse("tagged union", f"{spoken(variant)} is not a pydantic model")
    tag = tag_of(variant)
    if tag is None:
        hint = 'write `kind: str = "price_change"` or `kind: Literal["price_change"]`'
        raise refuse("tagged union", f"`{variant.__name__}` gives no `kind` of its own", hint=hint)
    return tag


def _is_model(variant: object) -> TypeGuard[type[pydantic.BaseModel]]:
    return isinstance(variant, type) and issubclass(variant, pydantic.BaseModel)


def _is_dict(written: object) -> TypeGuard[dict[str, object]]:
    return isinstance(written, dict)


def _tag_required(tags: tuple[str, ...]) -> Any:
    known = ", ".join(f"`{tag}`" for tag in tags)

    def check(written: object) -> object:
        if _is_dict(written) and TAG not in written:
            message = "`kind` is missing; expected one of {known}"
            raise pydantic_core.PydanticCustomError("kind_missing", message, {"known": known})
        return written

    return check


def _tagged(tag: str, schema: dict[str, Any], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    variant = dict(handler.resolve_ref_schema(schema))
    fields = cast("dict[str, Any]", variant.get("properties", {}))
    described = {key: value for key, value in fields.get(TAG, {}).items() if key == "description"}
    variant["properties"] = {TAG: {"type": "string", "const": tag, **described}} | {
        name: value for name, value in fields.items() if name != TAG
    }
    required = cast("list[str]", variant.get("required", []))
    variant["required"] = [TAG, *(name for name in required if name != TAG)]
    return variant
