"""Agents that do what their message says, so that many tenants on one store can be told to do anything."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from flowai import Approvals, AwaitApproval, CallModel, Do, LoadRef, References, program
from flowai.interpreters import Test
from flowai.specs.runtime import RuntimeSpec
from flowai_harness import (
    ActionDispatcher,
    Handle,
    Ref,
    Runtime,
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

OWN = "acme"
"""The tenant of the runtimes themselves."""


@dataclass
class Deeds:
    """What was done, and for whom."""

    done: list[tuple[str | None, str]] = field(default_factory=list[tuple[str | None, str]])


Notes = define_reference(name="TenancyNotes", schema=list[str], ttl_ms=3_600_000, glimpse=len)


@define_tool(access="read")
async def keep(ctx: ToolContext[Deeds], text: str) -> Handle[list[str]]:
    """Keep a note."""
    return await ctx.references.store(Notes, [text])


@define_tool(access="read")
async def fetch(ctx: ToolContext[Deeds], handle: str) -> str:
    """Fetch a note by its name."""
    found: list[str] = await ctx.references.load(handle)
    return found[0]


@define_tool(access="read")
def weigh(note: Ref[list[str]]) -> str:
    """Read a note that is hydrated."""
    return note.value[0]


@define_tool(access="write_once", approval="always")
async def drop(ctx: ToolContext[Deeds], row: str) -> str:
    """Drop a row."""
    ctx.services.done.append((ctx.tenant, row))
    return row


@define_tool(access="write_once", timeout_s=0.001)
async def pay(ctx: ToolContext[Deeds], row: str) -> str:
    """Pay, and never learn what became of it."""
    ctx.services.done.append((ctx.tenant, row))
    await asyncio.Event().wait()
    return row


class Ship(BaseModel):
    kind: Literal["ship"] = "ship"
    row: str


class Shipment(BaseModel):
    actions: list[Ship]


shipment = define_plan(name="TenancyShipment", schema=Shipment)
actions: ActionDispatcher[Shipment] = ActionDispatcher(shipment)


@actions.on(Ship, access="write_once")
async def ship(action: Ship, ctx: ToolContext[Deeds]) -> str:
    """Ship a row."""
    ctx.services.done.append((ctx.tenant, action.row))
    return action.row


@program
def asking(row: str) -> Do[Approvals, str]:
    """Ask a human about a row."""
    said = yield from AwaitApproval("sure?", subject=row)
    return str(said)


@program
def loading(handle: str) -> Do[References, str]:
    """Load a note in a program."""
    found = yield from LoadRef(Handle.parse(handle))
    return str(found[0])


Call = tuple[str, dict[str, Any]]


def errand(*turns: list[Call]) -> str:
    """Return the message that makes an agent call these tools, turn by turn."""
    return json.dumps(turns)


def planned(row: str) -> str:
    """Return the message that makes the coordinator have a plan stored and executed."""
    plan = {"actions": [{"kind": "ship", "row": row}, {"kind": "ship", "row": f"{row} too"}]}
    stored, executed = errand([("store_plan", {"plan": plan})]), errand([("execute_plan", {})])
    return errand(
        [("call_agent", {"agent": "planner", "message": stored})],
        [("call_agent", {"agent": "executor", "message": executed})],
    )


def gateway(question: CallModel[Any]) -> dict[str, Any]:
    """Answer for every model: the next turn of the last errand, and at its end all that was seen."""
    messages: list[dict[str, Any]] = [dict(each) for each in question.messages or ()]
    asked = [index for index, each in enumerate(messages) if each["role"] == "user"]
    turns: list[list[Call]] = json.loads(messages[asked[-1]]["text"])
    done = sum(1 for each in messages[asked[-1] :] if each.get("tool_calls"))
    if done == len(turns):
        told = [each["content"] for each in messages if each["role"] == "tool"]
        said = {"asked": [messages[index]["text"] for index in asked], "told": told}
        return {"text": json.dumps(said), "tool_calls": []}
    calls = [
        {"id": f"call-{len(messages)}-{number}", "name": name, "arguments": arguments}
        for number, (name, arguments) in enumerate(turns[done])
    ]
    return {"text": "", "tool_calls": calls}


def spec() -> RuntimeSpec:
    """Return the agents: a clerk with tools, and a plan that others make and execute."""
    return define_runtime(
        tenant=define_tenant(OWN, "v1"),
        agents=[
            define_specialist(
                name="clerk", model="m", prompt="Keep.", tools=[keep, fetch, weigh, drop, pay], stateful=True
            ),
            define_coordinator(name="desk", model="m", routes=["planner", "executor"], prompt="Route."),
            define_planner(name="planner", model="m", plan=shipment, prompt="Plan."),
            define_executor(name="executor", model="m", plan=shipment, dispatcher=actions, prompt="Execute."),
        ],
    )


def runtime_on(storage: str | None, deeds: Deeds) -> Runtime:
    """Return a runtime on a store, under a virtual clock; two of one process give the same names to their runs."""
    test: Any = Test(script=[])
    return create_runtime(spec(), deeds, interpreter=test.handling(CallModel, gateway), storage=storage)
