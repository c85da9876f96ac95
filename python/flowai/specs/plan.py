"""The typed contract between who plans and who acts."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

from flowai.errors import PlanError, ValueNotJson
from flowai.specs.encoding import Encoding, Json, JsonObject
from flowai.specs.faults import Faults
from flowai.specs.handle import Handle, Hydration
from flowai.specs.late import pydantic
from flowai.specs.names import WIRE_NAME_HINT, wire_name_problem
from flowai.specs.tagged_union import TaggedUnion, members, tag_of

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Plan(Generic[T]):
    """A kind of plan: its name, its model and where its actions stand."""

    name: str
    schema: type[T]
    actions_field: str | None
    """The field that holds the actions; nothing where the plan has none."""
    variants: Mapping[str, type[Any]] = field(repr=False)
    """The actions by `kind`."""
    encoding: Encoding = field(repr=False)
    _schema_json: JsonObject = field(repr=False)

    @property
    def schema_json(self) -> JsonObject:
        """The JSON Schema, a copy."""
        return copy.deepcopy(self._schema_json)

    def validate(self, body: Json, values: Mapping[Handle[Any], Any] | None = None) -> T:
        """Read a plan from JSON; `values` fills the `Ref` fields of its actions.

        Raises:
            PlanError: the JSON is not such a plan.
        """
        plan: T = self._read(body, Hydration(values or {}))
        return plan

    def referenced(self, body: Json) -> tuple[Handle[Any], ...]:
        """Return the handles in `Ref` fields, each once.

        Raises:
            PlanError: the JSON is not such a plan.
        """
        hydration = Hydration()
        self._read(body, hydration)
        return tuple(dict.fromkeys(hydration.asked))

    def dump(self, plan: T) -> JsonObject:
        """Write a plan as the JSON that is hashed, shown and executed.

        Raises:
            PlanError: the value is not such a plan.
        """
        try:
            body: JsonObject = self.encoding.encode(plan)
        except ValueNotJson as error:
            raise self._invalid(error) from error
        return body

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {"name": self.name, "schema": self.schema_json, "actions_field": self.actions_field}

    def _read(self, body: Json, hydration: Hydration) -> Any:
        try:
            return self.encoding.decode(body, context=hydration)
        except ValueNotJson as error:
            raise self._invalid(error) from error

    def _invalid(self, error: ValueNotJson) -> PlanError:
        return PlanError(f"plan `{self.name}` is invalid: {error.message}")


def define_plan(name: str, schema: type[T]) -> Plan[T]:
    """Define a plan over a pydantic model.

    Args:
        name: what people and models call it.
        schema: the model; a field `actions: list[TaggedUnion(...)]` holds what is to be done.

    Raises:
        SpecError: listing everything that is wrong with the definition.

    Example:
        >>> from pydantic import BaseModel
        >>> class Errand(BaseModel):
        ...     steps: list[str]
        >>> errand = define_plan(name="Errand", schema=Errand)
        >>> errand.validate({"steps": ["buy milk"]})
        Errand(steps=['buy milk'])
    """
    where = f"plan `{name}`"
    faults = Faults(where)
    if problem := wire_name_problem(name):
        faults.add(problem, hint=WIRE_NAME_HINT)
    if not _is_model(schema):
        faults.add("`schema` is not a pydantic model", hint="give a class that inherits from `BaseModel`")
    faults.raise_if_any()
    encoding = Encoding(schema)
    schema_json = encoding.check(where, "`schema`")
    actions_field, variants = _actions(schema)
    return Plan(name, schema, actions_field, variants, encoding, schema_json)


def _is_model(schema: object) -> bool:
    return isinstance(schema, type) and issubclass(schema, pydantic.BaseModel)


def _actions(schema: Any) -> tuple[str | None, dict[str, type[Any]]]:
    """Find the actions: the field of that name, else the only field that holds tagged models."""
    found = {name: _variants(field.annotation) for name, field in schema.model_fields.items()}
    holding = [name for name, variants in found.items() if variants]
    if "actions" in holding:
        return "actions", found["actions"]
    return (holding[0], found[holding[0]]) if len(holding) == 1 else (None, {})


def _variants(annotation: Any) -> dict[str, type[Any]]:
    """Return the tagged models of a `list[...]`, or nothing where it holds something else."""
    if get_origin(annotation) not in {list, tuple}:
        return {}
    item = get_args(annotation)[0]
    choices = members(item)
    if len(choices) > 1 and not _is_discriminated(item):
        return {}
    tags = {tag_of(each) if _is_model(each) else None: each for each in choices}
    return {} if None in tags else {tag: each for tag, each in tags.items() if tag is not None}


def _is_discriminated(annotation: Any) -> bool:
    if get_origin(annotation) is not Annotated:
        return False
    metadata = get_args(annotation)[1:]
    return any(each is TaggedUnion or getattr(each, "discriminator", None) == "kind" for each in metadata)
