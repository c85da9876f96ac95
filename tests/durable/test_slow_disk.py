"""A slow disk: what a run goes on with does not wait until it is written."""

import asyncio
from pathlib import Path

from flowai.specs.script import Seen
from flowai_harness import Calls, ToolContext, define_reference, define_tool
from tests.durable.processes import Process, started
from tests.durable.shop import TOOLS, Deeds, shop

Rows = define_reference("SlowDiskRows", list[int], 3_600_000, len)


def test_a_script_finds_a_reference_that_is_not_on_the_disk_yet(tmp_path: Path) -> None:
    holders: list[Process] = []

    @define_tool(access="read")
    async def gather(ctx: ToolContext[Deeds]) -> str:
        """Gather the rows, while nobody may write."""
        next(holders[0].lines())
        await ctx.references.store(Rows, [7])
        return "gathered"

    def row(seen: Seen) -> int:
        try:
            return len(seen.ref("SlowDiskRows").kind)
        finally:
            holders[0].tell("go on")

    async def whole() -> None:
        deeds = Deeds()
        clerk = shop(tmp_path, deeds, Calls("gather"), Calls("look", row=row), "done", tools=[*TOOLS, gather])
        with started("holding", tmp_path / "runs.db") as holder:
            holders.append(holder)
            run = await clerk.run_specialist("clerk", "go", thread_id="t")
        assert (run.output, deeds.done) == ("done", ["look 12"])

    asyncio.run(whole())
