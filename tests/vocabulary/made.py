"""The specs and effects of the samples, made as a user makes them.

`python -m tests.vocabulary.made` writes their files anew after a change of shape.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from flowai.effects import (
    AdvancePlan,
    AwaitApproval,
    CallAgent,
    CallModel,
    CallTool,
    DrawId,
    DrawNumber,
    Effect,
    LoadPlan,
    LoadRef,
    ReadClock,
    Sleep,
    StorePlan,
    StoreRef,
)
from flowai.specs.added_policy import policy_json
from flowai.specs.budget import Budget
from flowai.specs.context import ToolContext
from flowai.specs.decision import Approve, Failed, Happened, Reject, RunAgain
from flowai.specs.define_agent import define_coordinator, define_executor, define_planner, define_specialist
from flowai.specs.dispatcher import ActionDispatcher
from flowai.specs.handle import Handle, Ref
from flowai.specs.plan import define_plan
from flowai.specs.plan_instance import PlanAction, PlanInstance
from flowai.specs.reference import define_reference
from flowai.specs.runtime import build_runtime_spec
from flowai.specs.script import Answers, Calls, Fails, Says, Thinks
from flowai.specs.tenant import define_tenant
from flowai.specs.tool import define_tool
from tests.vocabulary.scenario import PriceChange, PromotionLaunch, ScenarioPlan

HERE = Path(__file__).parent
MODEL = "claude-sonnet-4-6"


class Order(BaseModel):
    sku: str
    units: int


class OldPrice(BaseModel):
    price: float


@define_tool(access="read", timeout_s=5)
def find_products(query: str, limit: int = 10) -> Handle[list[str]]:
    """Find products.

    Args:
        query: words to look for
        limit: how many at most
    """
    return Handle("ProductSet", f"{query}{limit}")


@define_tool(approval={"when": "args.order.units > 10", "expires_in": "2h"}, version="2")
async def place_order(ctx: ToolContext[None], order: Order, products: Ref[list[str]]) -> Order:
    """Place an order."""
    del ctx, products
    return order


product_set = define_reference("ProductSet", list[str], 3_600_000, len)
scenario_plan = define_plan(name="ScenarioPlan", schema=ScenarioPlan)
actions = ActionDispatcher(scenario_plan)


def restore_price(action: PriceChange, done: OldPrice) -> None:
    """Put the old price back."""
    del action, done


@actions.on(PriceChange, access="write_once", undo=restore_price)
async def change_price(action: PriceChange, ctx: ToolContext[None]) -> OldPrice:
    """Change one price."""
    del ctx
    return OldPrice(price=action.new_price)


@actions.on(PromotionLaunch, access="write_idempotent", approval="always")
def launch(action: PromotionLaunch) -> str:
    """Launch one promotion."""
    return ",".join(action.product_ids)


coordinator = define_coordinator(
    name="desk",
    model=MODEL,
    prompt="Route.",
    routes=["planner", "executor"],
    approval={"plans": "always", "tools": "never"},
    history={"turns": 20},
)
planner = define_planner(name="planner", model=MODEL, prompt="Plan.", plan=scenario_plan, toolkits=["catalog"])
executor = define_executor(
    name="executor",
    model=MODEL,
    prompt="Act.",
    plan=scenario_plan,
    dispatcher=actions,
    approval={"plans": "never", "tools": {"ask": "always", "expires_in": "1h"}},
    tool_approvals={"change_price": "always"},
)
specialist = define_specialist(
    name="finder",
    model=MODEL,
    prompt="Find.",
    tools=[find_products, place_order],
    output=Order,
    settings={"temperature": 0},
    max_steps=5,
)
runtime = build_runtime_spec(
    tenant=define_tenant("acme", "v1"),
    agents=[coordinator, planner, executor],
    approval={"tools": {"when": "tool.access != 'read'"}},
    references=[product_set],
    providers={"anthropic": {"apiKey": "unused"}},
)
script = Thinks("red first") + Says("I look.", delay_ms=20) + Calls(find_products, query="red")

SPECS: dict[str, Any] = {
    "tool": find_products.to_json(),
    "tool_with_references": place_order.to_json(),
    "plan": scenario_plan.to_json(),
    "reference": product_set.to_json(),
    "tenant": runtime.tenant.to_json(),
    "coordinator": coordinator.to_json(),
    "planner": planner.to_json(),
    "executor": executor.to_json(),
    "specialist": specialist.to_json(),
    "runtime": runtime.to_json(),
    "approve": Approve(actions=[0], edits={0: {"new_price": 9.5}}, reason="cheaper").to_json(),
    "reject": Reject("too deep").to_json(),
    "budget": Budget(tokens=10_000, cost_usd=0.25, tool_calls=20, time_s=90.5).to_json(),
    "added_policy": policy_json(
        {
            "plans": "always",
            "tools": {"when": "args.query == 'red'"},
            "tool_approvals": {"place_order": "always"},
            "agents": {"planner": {"tools": {"ask": "always", "expires_in": "1h"}}},
        }
    ),
    "happened": Happened({"row": 7}).to_json(),
    "run_again": RunAgain("it is not there").to_json(),
    "failed": Failed("the row is locked").to_json(),
    "turn": script.to_json(),
    "turn_with_output": (Answers(Order(sku="A-1", units=3), usage={"output_tokens": 7}) + Says("")).to_json(),
    "turn_that_fails": (Fails("overloaded") + Says("")).to_json(),
}
"""The JSON of each kind of spec by the name of its file."""

BODY = ScenarioPlan(scope_ref="s", actions=[PriceChange(product_id="p1", new_price=9.5)], rationale="r")
STORED: PlanInstance[ScenarioPlan] = PlanInstance(
    plan_id="plan-1",
    plan="ScenarioPlan",
    revision=1,
    status="DRAFT",
    digest="9f2c" * 16,
    body=BODY,
    actions=(PlanAction(index=0, kind="price_change", status="PENDING", arguments={"new_price": 9.5}),),
    kind=scenario_plan,
)
HANDLE: Handle[list[str]] = product_set.handle("9f2c")

EFFECTS: dict[str, tuple[Effect[Any], Any]] = {
    "call_model": (CallModel(MODEL, prompt="How many?", tools=[find_products], output=Order), Order(sku="A", units=3)),
    "call_tool": (CallTool(find_products, query="red"), HANDLE),
    "await_approval": (AwaitApproval("Order A-1", subject=Order(sku="A-1", units=3)), Order(sku="A-1", units=2)),
    "store_ref": (StoreRef(product_set, ["p1", "p2"]), HANDLE),
    "load_ref": (LoadRef(HANDLE), ["p1", "p2"]),
    "store_plan": (StorePlan(scenario_plan, BODY), STORED),
    "load_plan": (LoadPlan(scenario_plan, plan_id="plan-1"), STORED),
    "advance_plan": (AdvancePlan(STORED, to="APPROVED"), replace(STORED, status="APPROVED")),
    "call_agent": (CallAgent(specialist, "find red"), Order(sku="A-1", units=3)),
    "sleep": (Sleep(1.5), None),
    "read_clock": (ReadClock(), datetime(2026, 7, 1, 12, tzinfo=UTC)),
    "draw_id": (DrawId(), "0190-7c"),
    "draw_number": (DrawNumber(1, 6), 4),
}
"""Each effect with one answer by the name of its file."""


def effect_json(effect: Effect[Any], answer: object) -> dict[str, Any]:
    """Return the sample of one effect."""
    return {"kind": effect.kind, "arguments": effect.encode(), "answer": effect.codec.encode(answer)}


def write() -> None:
    """Write every sample that is made here."""
    for name, spec in SPECS.items():
        _write(HERE / "specs" / f"{name}.json", spec)
    for name, (effect, answer) in EFFECTS.items():
        _write(HERE / "effects" / f"{name}.json", effect_json(effect, answer))


def _write(path: Path, sample: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(sample, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
