"""Every effect is answered with its own type."""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_type

from flowai import (
    AdvancePlan,
    Approvals,
    AwaitApproval,
    CallModel,
    CallTool,
    Chance,
    Clock,
    Do,
    DrawId,
    DrawNumber,
    LoadPlan,
    LoadRef,
    Models,
    Plans,
    ReadClock,
    References,
    Sleep,
    StorePlan,
    StoreRef,
    Tools,
    program,
)
from flowai.specs.plan import Plan
from flowai.specs.plan_instance import PlanInstance, PlanStatus
from flowai.specs.reference import Handle, Reference
from tests.typing.tools import AskOracle, Errand, Stock, place_order, read_stock


@program
def everything(
    kind: Reference[Stock],
) -> Do[Models | Tools | Approvals | References | Clock | Chance | AskOracle, int]:
    """Ask one of each."""
    stock = yield from CallTool(read_stock, sku="A-1")
    assert_type(stock, Stock)
    assert_type((yield from CallTool(place_order, "A-1", units=2)), bool)
    assert_type((yield from CallModel("m", "hello")), str)
    assert_type((yield from CallModel("m", messages=[], output=Stock)), Stock)
    assert_type((yield from CallModel("m", "hello", output=list[Stock])), list[Stock])
    assert_type((yield from AwaitApproval("order", subject=stock)), Stock)
    handle = yield from StoreRef(kind, stock)
    assert_type(handle, Handle[Stock])
    assert_type((yield from LoadRef(handle)), Stock)
    assert_type((yield from ReadClock()), datetime)
    assert_type((yield from DrawId()), str)
    assert_type((yield from DrawNumber(1, 6)), int)
    assert_type((yield from AskOracle("why?")), str)
    yield from Sleep(1)
    return stock.units


@program
def planned(kind: Plan[Errand], body: Errand) -> Do[Plans, Errand]:
    """Store a plan and take it on."""
    draft = yield from StorePlan(kind, body)
    assert_type(draft, PlanInstance[Errand])
    approved = yield from AdvancePlan(draft, "APPROVED")
    assert_type(approved, PlanInstance[Errand])
    assert_type((yield from AdvancePlan("plan-1", to="EXECUTING")), PlanInstance[Any])
    assert_type((yield from LoadPlan(kind)), PlanInstance[Errand])
    assert_type(approved.status, PlanStatus)
    return approved.body
