"""A shop whose runs are kept, for commands in processes of their own; what was done stands in a file."""

import os
import signal
from pathlib import Path
from typing import Any

from flowai_harness import (
    ActionDispatcher,
    Calls,
    Runtime,
    TestingConfig,
    create_runtime,
    define_coordinator,
    define_executor,
    define_planner,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.cli.shop import ChangePrice, TakeDown, price_plan

actions = ActionDispatcher(price_plan)


def folder() -> Path:
    """Where this process notes what it did."""
    return Path(os.environ["SHOP_FOLDER"])


def note(deed: str) -> None:
    with (folder() / "deeds").open("a", encoding="utf-8") as deeds:
        deeds.write(f"{deed}\n")


@actions.on(ChangePrice, access="write_once")
def change_price(action: ChangePrice) -> str:
    note(f"{action.sku}={action.price:g}")
    return "changed"


@actions.on(TakeDown, access="write_once")
def take_down(action: TakeDown) -> str:
    note(f"{action.sku} down")
    return "down"


@define_tool(access="read")
def look(row: int) -> str:
    """Look at one row."""
    note(f"look {row}")
    return "old"


@define_tool(access="write_once", approval="always")
def delete_row(row: int) -> str:
    """Delete one row."""
    note(f"delete {row}")
    return f"row {row} is gone"


@define_tool(access="write_once")
def charge(row: int) -> str:
    """Charge one row; the first process that does so dies of it."""
    note(f"charge {row}")
    if not (folder() / "died").exists():
        (folder() / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return f"row {row} is charged"


clerk = define_specialist(
    name="clerk", model="claude-haiku-4-5", prompt="Keep the rows.", tools=[look, delete_row, charge]
)
planner = define_planner(name="planner", model="claude-haiku-4-5", plan=price_plan, prompt="Plan prices.")
executor = define_executor(
    name="executor", model="claude-haiku-4-5", plan=price_plan, dispatcher=actions, prompt="Change prices."
)
desk = define_coordinator(
    name="desk", model="claude-haiku-4-5", routes=["clerk", "planner", "executor"], prompt="Route the work."
)
spec = define_runtime(tenant=define_tenant("shop", "v1"), agents=[desk, clerk, planner, executor])


def scripted(**script: list[Any]) -> Runtime:
    return create_runtime(spec, testing=TestingConfig(script=script))


def deleting() -> Runtime:
    """A runtime whose clerk looks, and then calls a gated tool."""
    return scripted(clerk=[Calls("look", row=7), Calls("delete_row", row=7), "the row is settled"])


def storing() -> Runtime:
    """The same, with a store of its own."""
    testing = TestingConfig(mock_response="hello")
    return create_runtime(spec, testing=testing, storage=f"sqlite:///{folder() / 'own.db'}")


def charging() -> Runtime:
    """A runtime whose clerk calls the tool that a process dies of."""
    return scripted(clerk=[Calls("look", row=7), Calls("charge", row=7), "the row is settled"])


def planning() -> Runtime:
    """A runtime that plans two changes and executes what is approved."""
    steps = [{"kind": "change_price", "sku": "A", "price": 10}, {"kind": "take_down", "sku": "B"}]
    return scripted(
        desk=[
            Calls("call_agent", agent="planner", message="plan"),
            Calls("call_agent", agent="executor", message="execute"),
            "that was all",
        ],
        planner=[Calls("store_plan", plan={"goal": "less", "actions": steps}), "planned"],
        executor=[Calls("execute_plan"), "executed"],
    )
