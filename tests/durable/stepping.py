"""One step of one run in a process of its own: it begins a run, answers it or recovers it, and says where it rests.

usage: python -m tests.durable.stepping STORAGE WORLD (old|new) VERB ARGUMENT...; it ends when it is told so, and `new`
has tools with another schema.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from flowai import CallModel
from flowai.interpreters import Live
from flowai.specs.runtime import RuntimeSpec
from flowai_harness import (
    ActionDispatcher,
    Approve,
    Runtime,
    ToolContext,
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
from tests.durable.restocking import World, say
from tests.harness.desk import turned_until
from tests.harness.errands import gateway


class Buy(BaseModel):
    kind: Literal["buy"] = "buy"
    order: int


class BuyAsGift(Buy):
    gift: bool = False


class Basket(BaseModel):
    actions: list[Buy]


class GiftBasket(BaseModel):
    actions: list[BuyAsGift]


@define_tool(access="write_once", approval="always")
def drop(ctx: ToolContext[World], order: int) -> str:
    """Drop an order."""
    ctx.services.write(f"drop {order}", ctx.idempotency_key)
    return f"dropped {order}"


@define_tool(access="write_once", approval="always", name="drop")
def drop_by_force(ctx: ToolContext[World], order: int, *, force: bool = False) -> str:
    """Drop an order, by force if need be."""
    ctx.services.write(f"drop {order} force={force}", ctx.idempotency_key)
    return f"dropped {order}"


@define_tool(access="read", approval="always")
def look() -> str:
    """Look what else there is, once somebody says so."""
    return "something"


@define_tool(access="write_once", approval={"ask": "always", "expires_in": "300ms"})
def drop_soon(ctx: ToolContext[World], order: int) -> str:
    """Drop an order, if somebody says so at once."""
    ctx.services.write(f"drop {order}", ctx.idempotency_key)
    return f"dropped {order}"


def _dispatched() -> ActionDispatcher[Basket]:
    actions = ActionDispatcher(define_plan(name="Basket", schema=Basket))

    @actions.on(Buy, access="write_once")
    def buy(action: Buy, ctx: ToolContext[World]) -> str:
        """Buy an article."""
        ctx.services.write(f"buy {action.order}", ctx.idempotency_key)
        return f"bought {action.order}"

    del buy
    return actions


def _dispatched_as_gifts() -> ActionDispatcher[GiftBasket]:
    actions = ActionDispatcher(define_plan(name="Basket", schema=GiftBasket))

    @actions.on(BuyAsGift, access="write_once")
    def buy(action: BuyAsGift, ctx: ToolContext[World]) -> str:
        """Buy an article, for somebody else if need be."""
        ctx.services.write(f"buy {action.order} gift={action.gift}", ctx.idempotency_key)
        return f"bought {action.order}"

    del buy
    return actions


def _spec(*, is_new: bool, asks_again: bool = True) -> RuntimeSpec:
    actions: Any = _dispatched_as_gifts() if is_new else _dispatched()
    basket = actions.plan
    dropping = drop_by_force if is_new else drop
    return define_runtime(
        tenant=define_tenant("acme", "v1"),
        agents=[
            define_specialist(name="clerk", model="m", prompt="Drop.", tools=[dropping, drop_soon]),
            define_coordinator(
                name="desk", model="m", routes=["planner", "executor"], prompt="Route.", approval={"plans": "always"}
            ),
            define_planner(name="planner", model="m", plan=basket, prompt="Plan.", tools=[look]),
            define_executor(
                name="executor", model="m", plan=basket, dispatcher=actions, prompt="Execute.",
                approval={"plans": "always" if asks_again else "never", "tools": "never"},
            ),
        ],
    )  # fmt: skip


def runtime_of(storage: str, world: World, *, is_new: bool = False, asks_again: bool = True) -> Runtime:
    """Return a runtime on a store, under a real clock; its executor may leave a second question out."""
    live: Any = Live()
    return create_runtime(
        _spec(is_new=is_new, asks_again=asks_again),
        world,
        interpreter=live.handling(CallModel, gateway),
        storage=storage,
    )


async def begin(here: Runtime, agent: str, message: str) -> None:
    """Begin a run and leave it where it waits."""
    if agent == "desk":
        here.query(message, thread_id="t")
    else:
        here.run_specialist(agent, message, thread_id="t")


async def answer(here: Runtime, approval_id: str, decision: str) -> None:
    """Answer an approval: a word, or which actions with which edits."""
    given: Any = decision
    if decision.startswith("{"):
        read = json.loads(decision)
        edits = {int(index): each for index, each in read.get("edits", {}).items()}
        given = Approve(actions=read.get("actions"), edits=edits or None)
    await here.respond_to_approval(approval_id, given, principal="ana")


async def resume(here: Runtime) -> None:
    """Go on with the only run there is."""
    [record] = here.runs()
    here.resume(record.run_id)


async def recover(here: Runtime) -> None:
    """Look for runs that need somebody until there is one."""
    await turned_until(lambda: bool(here.recover()))


async def _step(storage: str, world: str, version: str, verb: str, *arguments: str) -> None:
    here = runtime_of(storage, World(Path(world)), is_new=version == "new")
    verbs: dict[str, Any] = {"begin": begin, "answer": answer, "resume": resume, "recover": recover}
    await verbs[verb](here, *arguments)
    await turned_until(lambda: not here.threads.active())
    for each in here.pending_approvals():
        called: dict[str, Any] = each.subject.get("arguments", {})
        say("waits", each.approval_id, each.kind, each.revision or 0, called.get("order", 0))
    say("rests", here.runs()[0].status)
    sys.stdin.readline()


if __name__ == "__main__":
    asyncio.run(_step(*sys.argv[1:]))
