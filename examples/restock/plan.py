"""The plan: a typed contract between the agent that plans and the agent that acts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from examples.restock.report import StockReport
from flowai_harness import Handle, TaggedUnion, define_plan


class OrderArticle(BaseModel):
    """Order more of an article from its supplier."""

    kind: Literal["order_article"] = "order_article"
    sku: str
    name: str
    supplier: str
    quantity: int = Field(gt=0)


class ChangeReorderPoint(BaseModel):
    """Order an article earlier or later from now on."""

    kind: Literal["change_reorder_point"] = "change_reorder_point"
    sku: str
    name: str
    reorder_point: int = Field(ge=0)


class DiscontinueArticle(BaseModel):
    """Take an article out of the range."""

    kind: Literal["discontinue_article"] = "discontinue_article"
    sku: str
    name: str
    reason: str


RestockAction = Annotated[OrderArticle | ChangeReorderPoint | DiscontinueArticle, TaggedUnion]


class RestockPlan(BaseModel):
    """What to order, what to order earlier, what to give up."""

    goal: str
    basis: Handle[StockReport]
    """The report behind the plan: a handle, never the report itself."""
    actions: list[RestockAction]
    rationale: str


restock_plan = define_plan(name="RestockPlan", schema=RestockPlan)
