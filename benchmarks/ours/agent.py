"""An agent step: a scripted model, one async tool, history kept, every event read."""

import asyncio
from collections.abc import Iterator

from benchmarks.stopwatch import report, time_us
from flowai_harness import (
    Calls,
    Runtime,
    Says,
    TestingConfig,
    create_runtime,
    define_coordinator,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)


@define_tool(access="read")
async def read_stock(sku: str) -> dict[str, object]:
    """Read the stock of one article."""
    return {"sku": sku, "units": 3}


SPEC = define_runtime(
    tenant=define_tenant("acme", "v1"),
    agents=[
        define_coordinator(
            name="front", model="scripted", routes=["clerk"], tools=[read_stock], prompt="Read.", max_steps=1_000
        ),
        define_specialist(name="clerk", model="scripted", prompt="Nobody calls the clerk."),
    ],
)


async def run_once(runtime: Runtime, steps: int) -> None:
    """Read every event of one run."""
    events = [event.type async for event in runtime.query("go", thread_id="thread-1")]
    assert events.count("tool_answered") == steps
    assert events[-1] == "run_finished"


def built(steps: int) -> Iterator[Runtime]:
    """Runtimes that are ready before the clock starts, as the agents of the peers are; each plays its script once."""
    script = [Calls("read_stock", sku="A-1")] * steps
    return iter([create_runtime(SPEC, testing=TestingConfig(script=[*script, Says("done")])) for _ in range(6)])


def main() -> None:
    """Measure one step at both lengths of a run."""
    with asyncio.Runner() as runner:
        for steps in (10, 100):
            ready = built(steps)
            micros = time_us(lambda r=ready, n=steps: runner.run(run_once(next(r), n)), steps, repeats=5)
            report(f"agent{steps}.ours", micros)


if __name__ == "__main__":
    main()
