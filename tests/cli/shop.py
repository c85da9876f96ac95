"""A small shop whose agents the command talks to."""

from typing import Annotated, Literal

from pydantic import BaseModel

from flowai.specs.runtime import RuntimeSpec
from flowai_harness import (
    ActionDispatcher,
    Approve,
    Calls,
    Runtime,
    Says,
    TaggedUnion,
    TestingConfig,
    create_runtime,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)

HOSTILE = "[bold]9.99[/bold] \x1b[2J \u202e"


class ChangePrice(BaseModel):
    kind: Literal["change_price"] = "change_price"
    sku: str
    price: float


class TakeDown(BaseModel):
    kind: Literal["take_down"] = "take_down"
    sku: str


class PricePlan(BaseModel):
    goal: str
    actions: list[Annotated[ChangePrice | TakeDown, TaggedUnion]]


price_plan = define_plan(name="PricePlan", schema=PricePlan)
actions = ActionDispatcher(price_plan)
done: list[str] = []
"""What the tools did, for tests to look at."""


@actions.on(ChangePrice, access="write_once")
def change_price(action: ChangePrice) -> str:
    done.append(f"{action.sku}={action.price}")
    return "changed"


@actions.on(TakeDown, access="write_once")
def take_down(action: TakeDown) -> str:
    done.append(f"{action.sku} down")
    return "down"


@define_tool(access="write_once", approval="always")
def delete_row(row: int, why: str) -> str:
    """Delete one row."""
    done.append(f"deleted {row}: {why}")
    return "deleted"


clerk = define_specialist(name="clerk", model="claude-haiku-4-5", prompt="Keep the rows.", tools=[delete_row])
planner = define_planner(name="planner", model="claude-sonnet-4-6", plan=price_plan, prompt="Plan prices.")
executor = define_executor(
    name="executor", model="claude-haiku-4-5", plan=price_plan, dispatcher=actions, prompt="Change prices."
)
desk = define_coordinator(
    name="desk", model="claude-sonnet-4-6", routes=["clerk", "planner", "executor"], prompt="Route the work."
)
spec = define_runtime(
    tenant=define_tenant("shop", "v1"),
    agents=[desk, clerk, planner, executor],
    providers={"anthropic": {"apiKey": "unused"}},
)
not_an_app = {"agents": 4}


def talking() -> Runtime:
    """A runtime whose model says something that must not reach a terminal as it is."""
    return create_runtime(spec, testing=TestingConfig(mock_response=HOSTILE))


def deleting() -> Runtime:
    """A runtime whose clerk calls a gated tool."""
    steps = [Calls("delete_row", row=7, why=HOSTILE), Says("the row is settled")]
    return create_runtime(spec, testing=TestingConfig(script={"clerk": steps}))


def decided() -> Runtime:
    """A runtime whose script answers the approval that the terminal is asked."""
    steps = [Calls("delete_row", row=7, why="old"), Says("the row is settled")]
    testing = TestingConfig(script={"clerk": steps}, decisions=[Approve(edits={"row": 8})])
    return create_runtime(spec, testing=testing)


def planning() -> Runtime:
    """A runtime that plans two prices and executes what is approved."""
    plan = {
        "goal": HOSTILE,
        "actions": [{"kind": "change_price", "sku": "A", "price": 10}, {"kind": "take_down", "sku": "B"}],
    }
    return create_runtime(
        spec,
        testing=TestingConfig(
            script={
                "desk": [
                    Calls("call_agent", agent="planner", message="plan"),
                    Calls("call_agent", agent="executor", message="execute"),
                    Says("that was all"),
                ],
                "planner": [Calls("store_plan", plan=plan), Says("planned")],
                "executor": [Calls("execute_plan"), Says("executed")],
            }
        ),
    )


def broken() -> RuntimeSpec:
    """A wiring with two faults."""
    return define_runtime(
        tenant=define_tenant("shop", "v1"),
        agents=[
            define_coordinator(name="desk", model="claude-sonnet-4-6", routes=["clrk"], prompt="Route."),
            define_specialist(
                name="clerk",
                model="claude-haiku-4-5",
                prompt="Keep.",
                tools=[delete_row],
                tool_approvals={"delete_rwo": "always"},
            ),
        ],
    )


def failing() -> RuntimeSpec:
    """A function that raises what no runtime raises."""
    raise ZeroDivisionError("no shop today")
