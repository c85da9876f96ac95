"""What the kept runs were begun with: their agents, tools, plans and programs, which are never changed.

Each run has a thread of its own, named after the order that it is about.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel

from flowai import AwaitApproval, CallModel, CallTool, Do, LoadRef, StoreRef, Tools, program
from flowai.effects.families import Approvals, References
from flowai.interpreters import Live
from flowai.specs.runtime import RuntimeSpec
from flowai_harness import (
    ActionDispatcher,
    Budget,
    Runtime,
    TaggedUnion,
    TestingConfig,
    ToolContext,
    create_runtime,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_reference,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)

FOR_EVER_DAYS = 365_000
"""What is kept waits for whoever reads it in years."""


@dataclass
class Deeds:
    """What this process did, with the keys it was done under."""

    done: list[str] = field(default_factory=list[str])
    keys: list[str] = field(default_factory=list[str])
    dies_at: str | None = None
    """The deed over which the process is killed, as by `kill -9`."""

    def do(self, deed: str, key: str) -> str:
        self.done.append(deed)
        self.keys.append(key)
        if deed == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return deed


Orders = define_reference("Orders", list[int], FOR_EVER_DAYS * 86_400_000, len)


@define_tool(access="read")
async def look(ctx: ToolContext[Deeds], order: int) -> str:
    """Look at an order; what was seen is stored."""
    handle = await ctx.references.store(Orders, [order, order + 1])
    ctx.services.do(f"look {order}", "")
    return str(handle)


@define_tool(access="write_once")
def send(ctx: ToolContext[Deeds], order: int) -> str:
    """Send an order."""
    return ctx.services.do(f"send {order}", ctx.idempotency_key)


@define_tool(access="write_once", approval={"ask": "always", "expires_in": f"{FOR_EVER_DAYS}d"})
def drop(ctx: ToolContext[Deeds], order: int) -> str:
    """Drop an order."""
    return ctx.services.do(f"drop {order}", ctx.idempotency_key)


class Buy(BaseModel):
    kind: Literal["buy"] = "buy"
    order: int


class Mark(BaseModel):
    kind: Literal["mark"] = "mark"
    order: int


class Restock(BaseModel):
    actions: list[Annotated[Buy | Mark, TaggedUnion]]


restock = define_plan(name="Restock", schema=Restock)
actions: ActionDispatcher[Restock] = ActionDispatcher(restock)


@actions.on(Buy, access="write_once")
def buy(action: Buy, ctx: ToolContext[Deeds]) -> str:
    """Buy an article."""
    return ctx.services.do(f"buy {action.order}", ctx.idempotency_key)


@actions.on(Mark, access="write_idempotent")
def mark(action: Mark, ctx: ToolContext[Deeds]) -> str:
    """Mark an article."""
    return ctx.services.do(f"mark {action.order}", ctx.idempotency_key)


@program(version="1")
def asking(order: int) -> Do[Tools | Approvals | References, list[int]]:
    """Send one order, ask a human about the next one, send that."""
    handle = yield from StoreRef(Orders, [order, order + 1])
    yield from CallTool(send, order=order)
    yield from AwaitApproval("And the next one?", subject={"order": order + 1})
    orders = yield from LoadRef(handle)
    yield from CallTool(send, order=orders[1])
    return orders


STEPS: dict[str, Callable[[int], list[tuple[str, dict[str, Any]]]]] = {
    "clerk": lambda order: [("look", {"order": order}), ("send", {"order": order})],
    "hand": lambda order: [("drop", {"order": order})],
    "reader": lambda order: [("look", {"order": order})] * 2,
    "planner": lambda order: [
        ("store_plan", {"plan": {"actions": [{"kind": "buy", "order": order}, {"kind": "mark", "order": order}]}})
    ],
    "executor": lambda _: [("execute_plan", {})],
    "coordinator": lambda order: [
        ("call_agent", {"agent": name, "message": f"order {order}"}) for name in ("planner", "executor")
    ],
}
"""What the model of each agent asks for, one after the other; agents are told apart by the names of their models."""


def gateway(question: CallModel[Any]) -> dict[str, Any]:
    """Answer for every model: the next step of its agent, by what it has asked for before."""
    messages = [dict(each) for each in question.messages or ()]
    order = int(str(next(each["text"] for each in messages if each["role"] == "user")).split()[-1])
    steps = STEPS[question.model](order)
    last = max(index for index, each in enumerate(messages) if each["role"] == "user")
    done = sum(1 for each in messages[last:] if each.get("tool_calls"))
    if done == len(steps):
        return {"text": "done", "tool_calls": []}
    name, arguments = steps[done]
    return {"text": "", "tool_calls": [{"id": f"call-{done}", "name": name, "arguments": arguments}]}


def spec() -> RuntimeSpec:
    """Return the agents, whose threads may call a few tools."""
    always: Any = {"plans": {"ask": "always", "expires_in": f"{FOR_EVER_DAYS}d"}}
    return define_runtime(
        tenant=define_tenant("acme", "v1"),
        thread_budget=Budget(tool_calls=5),
        agents=[
            define_specialist(name="clerk", model="clerk", prompt="Keep.", tools=[look, send]),
            define_specialist(name="hand", model="hand", prompt="Drop.", tools=[drop]),
            define_specialist(name="reader", model="reader", prompt="Read.", tools=[look]),
            define_coordinator(
                name="coordinator", model="coordinator", routes=["planner", "executor"], prompt="Route.",
                approval=always,
            ),
            define_planner(name="planner", model="planner", plan=restock, prompt="Plan."),
            define_executor(
                name="executor", model="executor", plan=restock, dispatcher=actions, prompt="Execute.",
                approval={"plans": "never", "tools": "never"},
            ),
        ],
    )  # fmt: skip


def living(storage: str, deeds: Deeds) -> Runtime:
    """Return a runtime on a store, under a real clock."""
    live: Any = Live()
    return create_runtime(spec(), deeds, interpreter=live.handling(CallModel, gateway), storage=storage)


def timeless(storage: str, deeds: Deeds) -> Runtime:
    """Return a runtime on a store under the virtual clock, on which no question of a program runs out of time."""
    return create_runtime(spec(), deeds, testing=TestingConfig(script=[]), storage=storage)
