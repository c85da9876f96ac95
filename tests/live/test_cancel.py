"""Who is not waited for any more is hung up on at once."""

import asyncio
import threading
from typing import Any

import pytest

from flowai import CallModel, CallTool, race, timeout
from flowai.errors import RunCancelled, TimedOut
from flowai.interpreters import Live
from flowai_harness import create_runtime, define_runtime, define_specialist, define_tenant, define_tool
from tests.live.server import Reply, Server, serving

WAIT_S_MAX = 30
HALF = Reply("half of what there was to say", hangs=True)


def live(server: Server) -> Live[Any]:
    return Live(providers={"anthropic": {"baseUrl": server.url}})


def is_heard(event: threading.Event) -> bool:
    return event.wait(WAIT_S_MAX)


def test_a_cancelled_run_hangs_up() -> None:
    async def cancelled() -> str:
        run = live(server).begin(CallModel("claude-x", prompt="go on"))
        said = ""
        async for event in run:
            if event.type == "text_delta":
                said += event.text
                run.cancel("enough")
        assert isinstance(run.result.failure(), RunCancelled)
        return said

    with serving([HALF]) as server:
        said = asyncio.run(cancelled())
        assert is_heard(server.dropped)
    assert HALF.text.startswith(said)
    assert said


def test_a_timeout_hangs_up() -> None:
    with serving([HALF]) as server:
        run = live(server).run(timeout(CallModel("claude-x", prompt="go on"), 0.2))
        assert isinstance(run.result.failure(), TimedOut)
        assert is_heard(server.dropped)


def test_a_lost_race_hangs_up() -> None:
    with serving([HALF]) as server:
        run = live(server).run(race(CallModel("claude-x", prompt="slow"), after_it(server)))
        assert run.value == "first"
        assert is_heard(server.dropped)


def after_it(server: Server) -> Any:
    """Win only once the other one has half its answer."""

    @define_tool
    def wait() -> str:
        """Wait for the other one."""
        assert is_heard(server.hanging)
        return "first"

    return CallTool(wait)


def test_a_closed_runtime_hangs_up() -> None:
    agent = define_specialist(name="greeter", model="claude-x", prompt="Greet.")

    async def closed() -> None:
        spec = define_runtime(
            tenant=define_tenant("acme", "v1"), agents=[agent], providers={"anthropic": {"baseUrl": server.url}}
        )
        async with create_runtime(spec, interpreter="live") as runtime:
            async for event in runtime.run_specialist("greeter", "hello"):
                if event.type == "text_delta":
                    break

    with serving([HALF]) as server:
        asyncio.run(closed())
        assert is_heard(server.dropped)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_forked_child_asks_on_connections_of_its_own(*, streamed: bool) -> None:
    from tests.bridge.probe import run_script

    with serving([Reply("one"), Reply("two"), Reply("three")]) as server:
        said = run_script(f"""
            from flowai import CallModel
            live = Live(providers={{"anthropic": {{"base_url": "{server.url}"}}}})
            ask = lambda: live.run(CallModel("claude-x", prompt="x", settings={{"stream": {streamed}}})).value
            print(ask(), flush=True)
            child = os.fork()
            if child == 0:
                print(ask(), flush=True)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            print(ask(), os.waitstatus_to_exitcode(status))
            """)
    assert (said.out, said.noise, said.code) == ("one\ntwo\nthree 0\n", [], 0)
