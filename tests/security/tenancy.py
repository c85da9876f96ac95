"""Agents that do what their message says, so that many tenants on one store can be told to do anything."""

import asyncio
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
from tests.harness.errands import errand, gateway

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


def planned(row: str) -> str:
    """Return the message that makes the coordinator have a plan stored and executed."""
    plan = {"actions": [{"kind": "ship", "row": row}, {"kind": "ship", "row": f"{row} too"}]}
    stored, executed = errand([("store_plan", {"plan": plan})]), errand([("execute_plan", {})])
    return errand(
        [("call_agent", {"agent": "planner", "message": stored})],
        [("call_agent", {"agent": "executor", "message": executed})],
    )


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
