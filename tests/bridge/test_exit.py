"""A process may end at any moment: no panic, no leftovers, no hang."""

from __future__ import annotations

import asyncio

import pytest

from flowai import Sleep
from flowai.errors import FlowaiError
from flowai.interpreters import Live, Run
from tests.bridge.probe import run_script, run_scripts

UNDER_WAY = {
    "sleeping in the background": """
        threading.Thread(target=lambda: Live().run(Sleep(60)), daemon=True).start()
        time.sleep(0.001 * {turn})
        """,
    "a loop that closes": """
        async def main():
            run = Live().begin(gather(Sleep(60), Sleep(50)))
            asyncio.ensure_future(run._finished())
            await asyncio.sleep(0.001 * {turn})
        asyncio.run(main())
        """,
    "a sync tool at work": """
        @define_tool
        def slow() -> int:
            time.sleep(0.05)
            return 1
        threading.Thread(target=lambda: Live().run(CallTool(slow)), daemon=True).start()
        time.sleep(0.001 * {turn})
        """,
    "an async tool at work": """
        @define_tool
        async def slow() -> int:
            await asyncio.sleep(60)
            return 1
        Live().begin(CallTool(slow))
        threading.Thread(target=lambda: Live().run(CallTool(slow)), daemon=True).start()
        time.sleep(0.001 * {turn})
        """,
    "runs that nobody drives": """
        runs = [Live().begin(ensure(Sleep(60), DrawNumber(1, 6))) for _ in range(10)]
        kept = [each.events for each in runs]
        """,
}
PROCESSES = 20


@pytest.mark.parametrize("kind", UNDER_WAY)
def test_an_exit_with_work_in_flight_is_silent(kind: str) -> None:
    ended = run_scripts([UNDER_WAY[kind].format(turn=turn) for turn in range(PROCESSES)])
    assert [each.noise for each in ended if each.noise] == []
    assert {each.code for each in ended} == {0}


def test_a_loop_may_close_while_a_run_is_under_way() -> None:
    said = run_script("""
        async def main():
            run = Live().begin(Sleep(60))
            run._drive.enter()
            return run
        run = asyncio.run(main())
        again = asyncio.run(Live().arun(DrawNumber(2, 2)))
        print(again.value, run.is_finished)
        run.cancel()
        del run
        gc.collect()
        """)
    assert (said.out, said.noise, said.code) == ("2 False\n", [], 0)


def test_a_run_whose_loop_is_gone_says_so() -> None:
    async def begun() -> Run[None]:
        run = Live().begin(Sleep(60))
        return await run.__aenter__()

    run = asyncio.run(begun())
    with pytest.raises(FlowaiError, match="loop that drove the run is closed"):
        run.wait()

    async def awaited() -> None:
        await run

    with pytest.raises(FlowaiError, match="loop that drove the run is closed"):
        asyncio.run(awaited())
