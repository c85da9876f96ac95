"""A clerk whose runs are kept in a file, so that any runtime on it may go on with them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowai import AwaitApproval, CallModel, CallTool, Do, Models, Tools, program
from flowai.effects.families import Approvals
from flowai.interpreters import Run
from flowai_harness import (
    Runtime,
    TestingConfig,
    ToolContext,
    create_runtime,
    define_tool,
)
from tests.harness.desk import desk, turned_until, until


@dataclass
class Deeds:
    """What was done, with the keys it was done under."""

    done: list[str] = field(default_factory=list[str])
    keys: list[str] = field(default_factory=list[str])


@define_tool(access="read")
def look(ctx: ToolContext[Deeds], row: int) -> str:
    """Look at a row."""
    ctx.services.done.append(f"look {row}")
    return f"row {row}"


@define_tool(access="write_idempotent")
def put(ctx: ToolContext[Deeds], row: int) -> str:
    """Put a row."""
    ctx.services.done.append(f"put {row}")
    ctx.services.keys.append(ctx.idempotency_key)
    return f"put {row}"


@define_tool(access="write_once")
def send(ctx: ToolContext[Deeds], row: int) -> str:
    """Send a row."""
    ctx.services.done.append(f"send {row}")
    ctx.services.keys.append(ctx.idempotency_key)
    return f"sent {row}"


@define_tool(access="write_once", approval="always")
def drop(ctx: ToolContext[Deeds], row: int) -> str:
    """Drop a row."""
    ctx.services.done.append(f"drop {row}")
    return f"dropped {row}"


TOOLS = (look, put, send, drop)


def shop(path: Path, deeds: Deeds, *steps: Any, faults: Any = None, **options: Any) -> Runtime:
    """Return a runtime on the file, whose clerk follows a script."""
    return shop_on(f"sqlite:///{path / 'runs.db'}", deeds, *steps, faults=faults, **options)


def shop_on(storage: str, deeds: Deeds, *steps: Any, faults: Any = None, **options: Any) -> Runtime:
    """Return a runtime on any store, whose clerk follows a script."""
    testing = TestingConfig(script={"clerk": list(steps)}, faults=faults)
    spec = desk(**{"tools": TOOLS, **options})
    return create_runtime(spec, deeds, testing=testing, storage=storage)


def bare(storage: str, deeds: Deeds, *steps: Any, **options: Any) -> Runtime:
    """Return a runtime on any store, for programs whose models follow a script."""
    testing = TestingConfig(script=list(steps))
    return create_runtime(desk(**{"tools": TOOLS, **options}), deeds, testing=testing, storage=storage)


async def left(runtime: Runtime, run: Run[Any], seen_by: Runtime | None = None) -> str:
    """Follow a run to its approval and leave it there; returns the approval's id once another runtime may claim it."""
    event: Any = await until(run, "approval_required")
    await turned_until(lambda: is_let_go(runtime, seen_by))
    return str(event.approval_id)


def is_let_go(runtime: Runtime, seen_by: Runtime | None = None) -> bool:
    """Say whether nothing is at work here, and the store says so to another runtime."""
    reader = seen_by or runtime
    return not runtime.threads.active() and all(each["owner"] is None for each in reader.shelf.runs(None))


@program
def asking(row: int) -> Do[Models | Tools | Approvals, str]:
    """Look, ask a human, send."""
    said = yield from CallModel("m", prompt="x")
    yield from CallTool(look, row=row)
    yield from AwaitApproval("sure?", subject=row)
    sent = yield from CallTool(send, row=row)
    return f"{said}: {sent}"
