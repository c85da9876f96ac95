"""One agent that keeps rows, with a gated and an ungated tool, for whoever wants to see a gate at work."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowai.events import Event
from flowai.interpreters import Run
from flowai.specs.runtime import RuntimeSpec
from flowai_harness import (
    Runtime,
    TestingConfig,
    ToolContext,
    create_runtime,
    define_coordinator,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)


@dataclass
class Rows:
    """What was done to the rows."""

    done: list[str] = field(default_factory=list[str])


@define_tool(access="read")
def read_row(ctx: ToolContext[Rows], row: int) -> str:
    """Read one row."""
    ctx.services.done.append(f"read {row}")
    return f"row {row}"


@define_tool(access="write_once", approval="always")
async def delete_row(ctx: ToolContext[Rows], row: int) -> str:
    """Delete one row."""
    ctx.services.done.append(f"deleted {row}")
    return f"row {row} is gone"


@define_tool(access="write_once")
def write_row(ctx: ToolContext[Rows], row: int, text: str = "") -> str:
    """Write one row."""
    ctx.services.done.append(f"wrote {row}")
    return f"row {row} says {text}"


TOOLS = (read_row, delete_row, write_row)


def desk(*, tools: Sequence[Any] = TOOLS, coordinator: Any = None, approval: Any = None, **clerk: Any) -> RuntimeSpec:
    """Return a coordinator and the clerk it may call."""
    return define_runtime(
        tenant=define_tenant("acme", "v1"),
        approval=approval,
        agents=[
            define_coordinator(name="desk", model="m", routes=["clerk"], prompt="Route.", **_options(coordinator)),
            define_specialist(name="clerk", model="m", prompt="Keep the rows.", tools=tools, **clerk),
        ],
    )


def _options(given: Any) -> Any:
    return given or {}


def clerk_runtime(*steps: Any, decisions: Any = None, services: Any = None, **options: Any) -> Runtime:
    """Return a runtime whose clerk follows a script."""
    testing = TestingConfig(script={"clerk": list(steps)}, decisions=decisions)
    return create_runtime(desk(**options), services or Rows(), testing=testing)


def asked(runtime: Runtime, message: str = "go", **options: Any) -> Run[Any]:
    """Ask the clerk and wait for the end, whatever it is."""

    async def whole() -> Run[Any]:
        run = runtime.run_specialist("clerk", message, **options)
        async for _ in run:
            pass
        return run

    return asyncio.run(whole())


def of(run: Run[Any], *kinds: str) -> list[Any]:
    """Return the events of some types."""
    return [event for event in run.events if event.type in kinds]


async def turned_until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something is so; it takes no time, only turns."""
    while not condition():  # noqa: ASYNC110 — a test watches from outside, nobody sets an event for it
        await asyncio.sleep(0)


async def until(run: Run[Any], kind: str) -> Event:
    """Follow a run until something happens, and leave it there."""
    async for event in run:
        if event.type == kind:
            return event
    raise AssertionError(f"the run ended without `{kind}`")
