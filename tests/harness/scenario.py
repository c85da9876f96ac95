"""The announced coordinator, planner and executor over a shop that remembers what was done to it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from flowai.events import Event
from flowai.interpreters import PendingApproval, Run
from flowai.specs.decision import DecisionLike
from flowai.specs.runtime import RuntimeSpec
from flowai.specs.script import ScriptStep
from flowai_harness import (
    ActionDispatcher,
    Calls,
    Runtime,
    Says,
    TaggedUnion,
    TestingConfig,
    ToolContext,
    create_runtime,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_runtime,
    define_tenant,
    define_tool,
)


class PriceChange(BaseModel):
    kind: Literal["price_change"] = "price_change"
    product_id: str
    new_price: Annotated[float, Field(gt=0)]


class PromotionLaunch(BaseModel):
    kind: Literal["promotion_launch"] = "promotion_launch"
    product_ids: list[str]
    discount_pct: float


class ScenarioPlan(BaseModel):
    actions: list[Annotated[PriceChange | PromotionLaunch, TaggedUnion]]
    rationale: str = "because"


@dataclass
class Shop:
    """What the tools did, in order."""

    done: list[str] = field(default_factory=list[str])
    broken: set[str] = field(default_factory=set[str])

    def change(self, product_id: str, price: float) -> float:
        if product_id in self.broken:
            raise OSError(f"the shelf of {product_id} is locked")
        self.done.append(f"{product_id}={price:g}")
        return price


scenario_plan = define_plan(name="ScenarioPlan", schema=ScenarioPlan)


def restore_price(action: PriceChange, ctx: ToolContext[Shop]) -> str:
    ctx.services.done.append(f"{action.product_id} restored")
    return "restored"


def dispatcher(*, asks_again: bool = False) -> ActionDispatcher[ScenarioPlan]:
    """Return the tools of both actions; a launch may ask on its own account."""
    actions: ActionDispatcher[ScenarioPlan] = ActionDispatcher(scenario_plan)

    @actions.on(PriceChange, access="write_once", undo=restore_price)
    async def change_price(action: PriceChange, ctx: ToolContext[Shop]) -> float:
        return ctx.services.change(action.product_id, action.new_price)

    @actions.on(PromotionLaunch, access="write_once", approval="always" if asks_again else "never")
    def launch(action: PromotionLaunch, ctx: ToolContext[Shop]) -> int:
        ctx.services.done.append("launch " + " ".join(action.product_ids))
        return len(action.product_ids)

    del change_price, launch
    return actions


@define_tool(access="write_once")
def set_price(ctx: ToolContext[Shop], product_id: str, price: float) -> float:
    """Set one price."""
    return ctx.services.change(product_id, price)


def price(product_id: str, new_price: float) -> dict[str, Any]:
    return {"kind": "price_change", "product_id": product_id, "new_price": new_price}


def launched(*product_ids: str) -> dict[str, Any]:
    return {"kind": "promotion_launch", "product_ids": list(product_ids), "discount_pct": 5.0}


def stored(*actions: dict[str, Any]) -> Calls:
    return Calls("store_plan", plan={"actions": list(actions), "rationale": "because"})


TWO = (price("red-1", 9), launched("red-2"))


def announced(
    *, planner: Any = None, executor: Any = None, dispatched: ActionDispatcher[ScenarioPlan] | None = None
) -> RuntimeSpec:
    """Return the announced wiring; the executor says `plans: never` and it must not matter."""
    return define_runtime(
        tenant=define_tenant("acme", "v1"),
        agents=[
            define_coordinator(
                name="scenario_coordinator",
                model="claude-sonnet-4-6",
                routes=["scenario_planner", "scenario_executor"],
                approval={"plans": "always", "tools": "never"},
                prompt="Route.",
            ),
            define_planner(
                name="scenario_planner",
                model="claude-sonnet-4-6",
                plan=scenario_plan,
                prompt="Plan.",
                **_options(planner),
            ),
            define_executor(
                name="scenario_executor",
                model="claude-sonnet-4-6",
                plan=scenario_plan,
                dispatcher=dispatched,
                prompt="Execute.",
                **_options(executor, approval={"plans": "never", "tools": "never"}),
            ),
        ],
    )


def _options(given: dict[str, Any] | None, **usual: Any) -> Any:
    return usual if given is None else usual | given


def script_of(
    planner: Sequence[ScriptStep], executor: Sequence[ScriptStep] = (Calls("execute_plan"), Says("executed"))
) -> dict[str, list[ScriptStep]]:
    """Return a coordinator that calls the planner and then, where there is something to do, the executor."""
    calls: list[ScriptStep] = [Calls("call_agent", agent="scenario_planner", message="plan")]
    if executor:
        calls.append(Calls("call_agent", agent="scenario_executor", message="execute"))
    return {
        "scenario_coordinator": [*calls, Says("done")],
        "scenario_planner": list(planner),
        "scenario_executor": list(executor),
    }


PLANNED = (stored(*TWO), Says("stored"))

Answer = Callable[[PendingApproval], DecisionLike]


@dataclass
class Played:
    """A run that is over, with everything it left behind."""

    run: Run[Any]
    shop: Shop
    runtime: Runtime
    asked: list[PendingApproval]

    @property
    def events(self) -> list[Event]:
        return self.run.events

    def of(self, *kinds: str) -> list[Any]:
        """Return the events of some types."""
        return [event for event in self.run.events if event.type in kinds]

    def steps(self) -> list[str]:
        """Return how the plan moved and who moved it."""
        return [f"r{each.revision} {each.before} → {each.after} by {each.by}" for each in self.of("plan_changed")]

    def told(self, agent: str) -> list[Any]:
        """Return what tools and built-in tools answered to the model of an agent, as it was asked last."""
        return [each.told() for each in self.of("tool_answered", "tool_failed") if each.agent == agent]


async def finish(runtime: Runtime, run: Run[Any], answers: Sequence[DecisionLike | Answer]) -> list[PendingApproval]:
    """Answer approvals one after the other, as they are asked, until the run is over."""
    asked: list[PendingApproval] = []
    left = list(answers)
    async for event in run:
        if event.type == "approval_required":
            found = next(each for each in runtime.pending_approvals() if each.approval_id == event.approval_id)
            asked.append(found)
            answer = left.pop(0)
            decision = answer(found) if callable(answer) else answer
            await runtime.respond_to_approval(found.approval_id, decision, principal="ana")
    assert left == [], f"nobody asked for {left}"
    return asked


def play(
    spec: RuntimeSpec,
    testing: TestingConfig,
    answers: Sequence[DecisionLike | Answer] = (),
    *,
    shop: Shop | None = None,
    interpreter: str | None = None,
) -> Played:
    """Run one query of the coordinator to its end."""
    here = shop or Shop()
    runtime = create_runtime(spec, here, testing=testing, interpreter=interpreter)

    async def whole() -> Played:
        run = runtime.query("go", thread_id="t")
        asked = await finish(runtime, run, answers)
        return Played(run, here, runtime, asked)

    return asyncio.run(whole())
