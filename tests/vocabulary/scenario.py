"""The plan of the samples, in the spelling that type checkers read."""

from typing import Annotated

from pydantic import BaseModel

from flowai.specs.tagged_union import TaggedUnion


class PriceChange(BaseModel):
    kind: str = "price_change"
    product_id: str
    new_price: float


class PromotionLaunch(BaseModel):
    kind: str = "promotion_launch"
    product_ids: list[str]
    discount_pct: float


class ScenarioPlan(BaseModel):
    scope_ref: str
    actions: list[Annotated[PriceChange | PromotionLaunch, TaggedUnion]]
    rationale: str
