"""Orders whose every write goes into a file of the world, told apart by the key that it was made under."""

import sqlite3
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel

from flowai import CallModel, CallTool, Do, Tools, program
from flowai.errors import LimitReached
from flowai.interpreters import Live
from flowai.specs.runtime import RuntimeSpec
from flowai_harness import (
    ActionDispatcher,
    Budget,
    Happened,
    RunAgain,
    Runtime,
    TaggedUnion,
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


@dataclass(frozen=True)
class World:
    """What was done, in a file that outlives whoever did it."""

    path: Path

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=60, isolation_level=None)) as database:
            database.execute("CREATE TABLE IF NOT EXISTS deeds (deed TEXT NOT NULL, key TEXT NOT NULL)")
            yield database

    def write(self, deed: str, key: str, *, once: bool = False) -> None:
        """Write a deed down; where wished, only if its key is not there."""
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            known = database.execute("SELECT count(*) FROM deeds WHERE key = ?", (key,)).fetchone()[0]
            if not (once and known):
                database.execute("INSERT INTO deeds VALUES (?, ?)", (deed, key))
            database.execute("COMMIT")

    def has(self, key: str) -> bool:
        """Say whether a deed was done under a key."""
        return key in {found for _, found in self.deeds()}

    def deeds(self) -> list[tuple[str, str]]:
        """Return every deed with its key, in order."""
        with self._open() as database:
            return database.execute("SELECT deed, key FROM deeds ORDER BY rowid").fetchall()


def say(*words: object) -> None:
    """Say something at once: whoever counts what is said may end this process after it."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def _do(ctx: ToolContext[World], deed: str, *, once: bool = False) -> str:
    say("begins", deed)
    ctx.services.write(deed, ctx.idempotency_key, once=once)
    say("ends", deed)
    return deed


@define_tool(access="read")
def look(ctx: ToolContext[World], order: int) -> str:
    """Look at an order."""
    say("looks", order)
    return f"order {order}"


@define_tool(access="write_idempotent")
def put(ctx: ToolContext[World], order: int) -> str:
    """Put an order on the shelf."""
    return _do(ctx, f"put {order}", once=True)


@define_tool(access="write_once")
def send(ctx: ToolContext[World], order: int) -> str:
    """Send an order; nothing says whether it left."""
    return _do(ctx, f"send {order}")


@define_tool(access="write_once", approval="always")
def drop(ctx: ToolContext[World], order: int) -> str:
    """Drop an order."""
    return _do(ctx, f"drop {order}")


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
def buy(action: Buy, ctx: ToolContext[World]) -> str:
    """Buy an article."""
    return _do(ctx, f"buy {action.order}")


@actions.on(Mark, access="write_idempotent")
def mark(action: Mark, ctx: ToolContext[World]) -> str:
    """Mark an article."""
    return _do(ctx, f"mark {action.order}", once=True)


@program
def counting(order: int) -> Do[Tools, str]:
    """Do as much as the budget of the run allows, and one thing more."""
    yield from CallTool(look, order=order)
    yield from CallTool(put, order=order)
    yield from CallTool(send, order=order)
    try:
        yield from CallTool(look, order=order)
    except LimitReached:
        return "held"
    return "exceeded"


LIMIT = Budget(tool_calls=3)
"""What a run of `counting` may use: one call less than it asks for."""

STEPS: dict[str, Callable[[int], list[tuple[str, dict[str, Any]]]]] = {
    "clerk": lambda order: [(name, {"order": order}) for name in ("look", "put", "send", "drop")],
    "hand": lambda order: [("drop", {"order": order})],
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
    done = sum(1 for each in messages if each.get("tool_calls"))
    if done == len(steps):
        return {"text": "done", "tool_calls": []}
    name, arguments = steps[done]
    return {"text": "", "tool_calls": [{"id": f"call-{done}", "name": name, "arguments": arguments}]}


def spec() -> RuntimeSpec:
    """Return the agents: a clerk with tools, and a plan that others make and execute."""
    routes = ["planner", "executor"]
    return define_runtime(
        tenant=define_tenant("acme", "v1"),
        agents=[
            define_specialist(name="clerk", model="clerk", prompt="Keep.", tools=[look, put, send, drop]),
            define_specialist(name="hand", model="hand", prompt="Drop.", tools=[drop]),
            define_coordinator(
                name="coordinator", model="coordinator", routes=routes, prompt="Route.", approval={"plans": "always"}
            ),
            define_planner(name="planner", model="planner", plan=restock, prompt="Plan."),
            define_executor(
                name="executor", model="executor", plan=restock, dispatcher=actions, prompt="Execute.",
                approval={"plans": "never", "tools": "never"},
            ),
        ],
    )  # fmt: skip


def runtime(storage: str, world: World, *, recover: bool = False) -> Runtime:
    """Return a runtime on a store, under a real clock."""
    live: Any = Live()
    return create_runtime(
        spec(), world, interpreter=live.handling(CallModel, gateway), storage=storage, recover=recover
    )


def settled(world: World, key: str) -> Any:
    """Answer for a write in doubt by what is in the world."""
    return Happened("found") if world.has(key) else RunAgain()
