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


def test_a_tool_that_never_ends_does_not_hold_the_process() -> None:
    said = run_script("""
        @define_tool(access="read", timeout_s=0.01)
        def stuck() -> int:
            threading.Event().wait()
            return 1
        print(Live().run(CallTool(stuck)).result)
        """)
    assert (said.out, said.noise, said.code) == ("<Failure: `stuck` took longer than 0.01 s>\n", [], 0)


def test_an_exit_handler_from_before_the_import_is_told_that_it_is_too_late() -> None:
    said = run_script("""
        import atexit
        from flowai.interpreters.loops import _stop
        def late():
            print(Test().run(DrawNumber(4, 4)).value)
            try:
                Live().run(Sleep(0.001))
            except Exception as error:
                print(error)
        atexit.unregister(_stop)
        atexit.register(late)
        atexit.register(_stop)
        Live().run(Sleep(0.001))
        """)
    assert said.out.startswith("4\nthe process is ending, and nothing more runs in the background\nhint: ")
    assert (said.noise, said.code) == ([], 0)


def test_a_tool_that_ends_the_process_ends_its_call() -> None:
    said = run_script("""
        @define_tool(access="read")
        async def leaving() -> int:
            await asyncio.sleep(0)
            sys.exit(3)
        print(Live().run(CallTool(leaving)).result)
        print(Live().run(Sleep(0.001)).result)
        """)
    assert (said.out, said.noise, said.code) == (
        "<Failure: `leaving` raised SystemExit: 3>\n<Success: None>\n",
        [],
        0,
    )
