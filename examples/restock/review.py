"""Who reviews the plan: the person at the terminal, or a flag that answers for them."""

from __future__ import annotations

from enum import Enum
from typing import Any

from rich.console import Console

from examples.restock.plan import OrderArticle, RestockPlan
from flowai.cli.cards import show_approval
from flowai.cli.review import Person
from flowai.events import ApprovalRequired
from flowai.specs.decision import Decision
from flowai_harness import Approve, Reject


class Mode(Enum):
    """What happens when the plan waits for approval."""

    ASK = "ask"
    YES = "yes"
    EDIT = "edit"
    REJECT = "reject"


async def decide(mode: Mode, event: ApprovalRequired, console: Console) -> Decision:
    """Answer one approval."""
    if mode is Mode.ASK:
        return await Person(console).decide(event)
    show_approval(console, event)
    decision = _flagged(mode, event)
    verdict = "reject" if isinstance(decision, Reject) else "approve"
    console.print(f"[bold yellow]--{mode.value}:[/] {verdict}, {decision.reason}", highlight=False)
    return decision


def _flagged(mode: Mode, event: ApprovalRequired) -> Decision:
    if mode is Mode.EDIT:
        plan = RestockPlan.model_validate(event.subject["body"])
        return Approve(edits=smaller_orders(plan), reason="with three quarters of each order")
    if mode is Mode.REJECT and event.subject["revision"] == 1:
        return Reject("the storage is nearly full, order half")
    return Approve(reason="as it is")


def smaller_orders(plan: RestockPlan) -> dict[int, dict[str, Any]]:
    """Order three quarters, by index of the action."""
    orders = ((index, action) for index, action in enumerate(plan.actions) if isinstance(action, OrderArticle))
    return {index: {"quantity": max(1, order.quantity * 3 // 4)} for index, order in orders}
