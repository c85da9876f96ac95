"""What performs an approved plan: one function for each kind of action, and what undoes it."""

from __future__ import annotations

from pydantic import BaseModel

from examples.restock.plan import ChangeReorderPoint, DiscontinueArticle, OrderArticle, restock_plan
from examples.restock.warehouse import Warehouse
from flowai_harness import ActionDispatcher, ToolContext


class PlacedOrder(BaseModel):
    """An order as the supplier knows it."""

    order_key: str
    on_order: int


class FormerReorderPoint(BaseModel):
    """What it takes to set a reorder point back."""

    before: int
    after: int


actions = ActionDispatcher(restock_plan)


def cancel_order(action: OrderArticle, placed: PlacedOrder, ctx: ToolContext[Warehouse]) -> None:
    """Cancel an order that was placed."""
    ctx.services.cancel_order(action.sku, action.quantity, placed.order_key)


@actions.on(OrderArticle, access="write_once", undo=cancel_order)
def order_article(action: OrderArticle, ctx: ToolContext[Warehouse]) -> PlacedOrder:
    """Place an order with the supplier."""
    # The key is the same for every attempt of this call, so that no crash orders twice.
    on_order = ctx.services.place_order(action.sku, action.quantity, ctx.idempotency_key)
    return PlacedOrder(order_key=ctx.idempotency_key, on_order=on_order)


def restore_reorder_point(action: ChangeReorderPoint, former: FormerReorderPoint, ctx: ToolContext[Warehouse]) -> None:
    """Set the reorder point back."""
    ctx.services.set_reorder_point(action.sku, former.before)


@actions.on(ChangeReorderPoint, access="write_idempotent", undo=restore_reorder_point)
def change_reorder_point(action: ChangeReorderPoint, ctx: ToolContext[Warehouse]) -> FormerReorderPoint:
    """Set the stock at which an article is ordered again."""
    before = ctx.services.set_reorder_point(action.sku, action.reorder_point)
    return FormerReorderPoint(before=before, after=action.reorder_point)


@actions.on(DiscontinueArticle, access="write_idempotent")
def discontinue_article(action: DiscontinueArticle, ctx: ToolContext[Warehouse]) -> str:
    """Take an article out of the range; its supplier is told, so nothing undoes it."""
    ctx.services.discontinue(action.sku)
    return f"{action.sku} is discontinued"
