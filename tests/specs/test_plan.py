"""Plans and the tagged unions of their actions."""

import json
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import BaseModel, Field

from flowai.errors import PlanError, SpecError
from flowai.specs.handle import Handle, Ref
from flowai.specs.plan import Plan, define_plan
from flowai.specs.tagged_union import TaggedUnion


class Margin(BaseModel):
    floor: float


class PriceChange(BaseModel):
    kind: str = "price_change"
    product_id: str
    new_price: float
    margin: Margin | None = None


class PromotionLaunch(BaseModel):
    kind: Literal["promotion_launch"] = Field("promotion_launch", description="a launch")
    products: Ref[list[str]]
    discount_pct: float


ScenarioAction = TaggedUnion(PriceChange, PromotionLaunch)


class ScenarioPlan(BaseModel):
    scope_ref: str
    actions: list[ScenarioAction]  # type: ignore[valid-type]
    rationale: str


class StrictPlan(BaseModel):
    scope_ref: str
    actions: list[Annotated[PriceChange | PromotionLaunch, TaggedUnion]]
    rationale: str


scenario_plan = define_plan(name="ScenarioPlan", schema=ScenarioPlan)
strict_plan = define_plan(name="ScenarioPlan", schema=StrictPlan)

CHANGE: dict[str, Any] = {"kind": "price_change", "product_id": "p1", "new_price": 9.5}
LAUNCH: dict[str, Any] = {"kind": "promotion_launch", "products": "ProductSet:1", "discount_pct": 5}


def body(*actions: object) -> dict[str, Any]:
    return {"scope_ref": "s", "actions": list(actions), "rationale": "r"}


def test_the_strict_twin_is_the_same_plan() -> None:
    assert scenario_plan.to_json() == strict_plan.to_json()
    assert scenario_plan.actions_field == "actions"
    assert scenario_plan.variants == {"price_change": PriceChange, "promotion_launch": PromotionLaunch}


def test_actions_keep_their_class_and_their_kind() -> None:
    plan = strict_plan.validate(body(CHANGE, LAUNCH))
    assert [type(action) for action in plan.actions] == [PriceChange, PromotionLaunch]
    assert [action["kind"] for action in strict_plan.dump(plan)["actions"]] == ["price_change", "promotion_launch"]
    assert strict_plan.validate(strict_plan.dump(plan)) == plan


def test_instances_made_in_python_are_dumped_with_their_kind() -> None:
    plan = StrictPlan(scope_ref="s", actions=[PriceChange(product_id="p1", new_price=9.5)], rationale="r")
    assert type(plan.actions[0]) is PriceChange
    assert strict_plan.dump(plan)["actions"][0] == {**CHANGE, "margin": None}


def test_the_schema_requires_the_constant_of_each_variant() -> None:
    variants = scenario_plan.schema_json["properties"]["actions"]["items"]["oneOf"]
    assert [variant["properties"]["kind"]["const"] for variant in variants] == ["price_change", "promotion_launch"]
    assert all("kind" in variant["required"] for variant in variants)
    assert variants[1]["properties"]["kind"]["description"] == "a launch"


TAGS: list[tuple[Any, str]] = [
    ({key: CHANGE[key] for key in ("product_id", "new_price")}, "`kind` is missing; expected one of `price_change`"),
    ({**CHANGE, "kind": "promotion_launch"}, "promotion_launch.products"),
    ({**CHANGE, "kind": "price"}, "'price'"),
    ({**CHANGE, "kind": 3}, "'3'"),
    ("price_change", "valid"),
]


@pytest.mark.parametrize(("action", "said"), TAGS)
def test_missing_and_wrong_tags_are_refused(action: Any, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        scenario_plan.validate(body(action))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body(action), scenario_plan.schema_json)


def test_an_instance_with_the_tag_of_another_is_refused() -> None:
    with pytest.raises(ValueError, match="PromotionLaunch"):
        StrictPlan.model_validate(body(PriceChange(kind="promotion_launch", product_id="p1", new_price=1)))


class Twin(BaseModel):
    kind: str = "price_change"


class Untagged(BaseModel):
    size: int


class Unsure(BaseModel):
    kind: str


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        ((PriceChange, Twin), "`PriceChange` and `Twin` share the kind `price_change`"),
        ((PriceChange, Untagged), "`Untagged` gives no `kind` of its own"),
        ((Unsure,), "`Unsure` gives no `kind` of its own"),
        ((int,), "`int` is not a pydantic model"),
        ((), "there are no variants"),
    ],
)
def test_variants_that_cannot_be_told_apart_are_refused(variants: tuple[Any, ...], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        TaggedUnion(*variants)


def test_the_strict_twin_is_checked_when_its_model_is_made() -> None:
    with pytest.raises(SpecError, match="share the kind"):

        class _Doubled(BaseModel):  # pyright: ignore[reportUnusedClass]
            actions: list[Annotated[PriceChange | Twin, TaggedUnion]]


def test_references_in_actions_are_found_and_filled_in() -> None:
    handle = Handle[Any]("ProductSet", "1")
    assert strict_plan.referenced(body(LAUNCH, CHANGE, LAUNCH)) == (handle,)
    action = strict_plan.validate(body(LAUNCH), {handle: ["p1"]}).actions[0]
    assert isinstance(action, PromotionLaunch)
    assert action.products.value == ["p1"]


def test_a_plan_survives_text() -> None:
    plan = strict_plan.validate(json.loads(json.dumps(body(LAUNCH, CHANGE))))
    assert strict_plan.dump(plan)["actions"][0]["products"] == {"kind": "ProductSet", "id": "1"}


def test_an_untyped_plan_has_no_actions_field() -> None:
    class Notes(BaseModel):
        actions: list[str]

    assert define_plan("Notes", Notes).actions_field is None


def test_a_discriminated_field_of_pydantic_counts_too() -> None:
    class Other(BaseModel):
        kind: Literal["other"] = "other"

    class Steps(BaseModel):
        steps: list[Annotated[Other | PromotionLaunch, Field(discriminator="kind")]]

    assert define_plan("Steps", Steps).actions_field == "steps"


def test_a_plan_needs_a_model_and_a_name() -> None:
    wrong: Any = define_plan
    with pytest.raises(SpecError) as caught:
        wrong(name="two words", schema=dict)
    assert len(caught.value.faults) == 2


def test_a_plan_is_no_plan_of_another_kind() -> None:
    plan: Plan[Any] = strict_plan
    with pytest.raises(PlanError, match="`ScenarioPlan` is invalid"):
        plan.dump(Margin(floor=1))
