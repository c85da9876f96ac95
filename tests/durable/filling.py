"""A process whose store stops growing in the middle of a run, as on a full disk, and grows again later.

usage: python -m tests.durable.filling FOLDER; it says what becomes of the run
"""

import asyncio
import resource
import sys
from pathlib import Path

from flowai.errors import StorageError
from flowai.interpreters import Run
from flowai_harness import Calls, Runtime, ToolContext, define_tool
from tests.durable.restocking import say
from tests.durable.shop import TOOLS, Deeds, shop


def allow(size: int) -> None:
    """Let no file grow over a size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def clerk(folder: Path, deeds: Deeds) -> Runtime:
    @define_tool(access="read")
    def fill(ctx: ToolContext[Deeds]) -> str:
        """Fill the disk, the first time, and answer with more than there is room for."""
        if "fill" not in ctx.services.done:
            allow(max(each.stat().st_size for each in folder.iterdir()))
        ctx.services.done.append("fill")
        return "x" * 200_000

    steps = (Calls("put", row=1), Calls("fill"), Calls("send", row=2), "done")
    return shop(folder, deeds, *steps, tools=[*TOOLS, fill])


async def _refused(what: str, run: Run[object]) -> None:
    try:
        await run
    except StorageError as error:
        say(what, type(error).__name__, "with" if error.hint else "without", "hint")


async def _filled(folder: Path) -> None:
    deeds = Deeds()
    here = clerk(folder, deeds)
    run = here.run_specialist("clerk", "go", thread_id="t")
    await _refused("stopped", run)
    say("done", *deeds.done)
    say("listed", *(each.status for each in here.runs()))
    told = [str(event) for event in run.events]
    allow(resource.RLIM_INFINITY)
    again = await here.resume(run.run_id)
    say("ended", again.output)
    say("done", *deeds.done)
    say("kept", [str(event) for event in here.events(run.run_id)][: len(told)] == told, here.check_storage())


if __name__ == "__main__":
    asyncio.run(_filled(Path(sys.argv[1])))
