"""A server that goes away: its runs stop before anything follows from what it lost, and go on when it is back."""

import asyncio
from collections.abc import Generator

import pytest

from flowai.errors import StorageError
from flowai_harness import Calls, Runtime, ToolContext, define_tool
from tests.durable.servers import Server, own_server
from tests.durable.shop import TOOLS, Deeds, left, shop_on
from tests.harness.desk import turned_until


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    with own_server() as server:
        yield server


@pytest.mark.parametrize("end", ["stop", "crash"])
def test_a_run_goes_on_when_the_server_that_it_lost_is_back(server: Server, end: str) -> None:
    async def whole() -> None:
        deeds, may_end = Deeds(), asyncio.Event()

        @define_tool(access="read")
        async def wait(ctx: ToolContext[Deeds]) -> str:
            """Wait."""
            ctx.services.done.append("wait")
            await may_end.wait()
            return "waited"

        steps = (Calls("put", row=1), Calls("wait"), Calls("send", row=2), "done")
        clerk = shop_on(f"{server.address}?schema=flowai_{end}", deeds, *steps, tools=[*TOOLS, wait])
        run = clerk.run_specialist("clerk", "go", thread_id="t")
        await turned_until(lambda: "wait" in deeds.done)
        server.end(end)
        try:
            may_end.set()
            with pytest.raises(StorageError, match="resume"):
                await run
            assert deeds.done == ["put 1", "wait"]
            for asked in (clerk.runs, clerk.pending_approvals):
                with pytest.raises(StorageError, match="hint: "):
                    asked()
        finally:
            server.start()
        told = [str(event) for event in run.events]
        again = await clerk.resume(run.run_id)
        assert (again.output, deeds.done) == ("done", ["put 1", "wait", "wait", "send 2"])
        _check_whole(clerk, run.run_id, told)

    asyncio.run(whole())


@pytest.mark.parametrize("end", ["stop", "crash"])
def test_an_answer_that_a_lost_server_did_not_take_may_be_given_again(server: Server, end: str) -> None:
    async def whole() -> None:
        deeds = Deeds()
        clerk = shop_on(f"{server.address}?schema=flowai_asked_{end}", deeds, Calls("drop", row=1), "done")
        run = clerk.run_specialist("clerk", "go", thread_id="t")
        approval_id = await left(clerk, run)
        server.end(end)
        try:
            with pytest.raises(StorageError, match="hint: "):
                await clerk.respond_to_approval(approval_id, "approve", principal="ana")
        finally:
            server.start()
        assert [each.approval_id for each in clerk.pending_approvals()] == [approval_id]
        await clerk.respond_to_approval(approval_id, "approve", principal="ana")
        assert (await clerk.resume(run.run_id)).output == "done"
        assert deeds.done == ["drop 1"]

    asyncio.run(whole())


def _check_whole(runtime: Runtime, run_id: str, told: list[str]) -> None:
    """Check that nothing is missing, twice there, or otherwise than it was told."""
    events = runtime.events(run_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [str(event) for event in events][: len(told)] == told
    assert runtime.verify(run_id) > 0
    assert runtime.check_storage() == []
