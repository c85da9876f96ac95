"""Context variables, loops and threads are the caller's."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from flowai import CallTool, Do, DrawNumber, Effect, Sleep, Tools, gather, program
from flowai.interpreters import Live, Test
from flowai.specs.tool import define_tool

WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


@dataclass(frozen=True)
class AskWho(Effect[str]):
    pass


@dataclass(frozen=True)
class AskWhoLater(Effect[str]):
    pass


@define_tool
def who_sync() -> str:
    """Say who."""
    return WHO.get()


@define_tool
async def who_async() -> str:
    """Say who, later."""
    await asyncio.sleep(0)
    return WHO.get()


@program
def everywhere() -> Do[Tools | AskWho | AskWhoLater, list[str]]:
    """Say who in every place where a user's code runs."""
    told = [WHO.get()]
    told.append((yield from CallTool(who_sync)))
    told.append((yield from CallTool(who_async)))
    told.append((yield from AskWho()))
    told.append((yield from AskWhoLater()))
    told.append(WHO.get())
    return told


def at_once(_: AskWho) -> str:
    return WHO.get()


async def later(_: AskWhoLater) -> str:
    await asyncio.sleep(0)
    return WHO.get()


def served(interpreter: Any) -> Any:
    return interpreter.handling(AskWho, at_once).handling(AskWhoLater, later)


def test_context_is_kept_on_a_plain_thread() -> None:
    for interpreter in (Live(), Test()):
        token = WHO.set("ana")
        try:
            assert served(interpreter).run(everywhere()).value == ["ana"] * 6
        finally:
            WHO.reset(token)


def test_context_is_kept_by_runs_side_by_side() -> None:
    async def one(name: str) -> list[str]:
        WHO.set(name)
        run = await served(Live()).arun(everywhere())
        found: list[str] = run.value
        return found

    async def main() -> list[list[str]]:
        return list(await asyncio.gather(one("ana"), one("ben")))

    assert asyncio.run(main()) == [["ana"] * 6, ["ben"] * 6]


def test_run_works_inside_a_running_loop() -> None:
    async def main() -> tuple[int, None]:
        return Test().run(DrawNumber(3, 3)).value, Live().run(Sleep(0.001)).value

    assert asyncio.run(main()) == (3, None)


def test_a_tool_may_run_a_program() -> None:
    @define_tool
    def nested() -> int:
        """Run another program."""
        return Live().run(DrawNumber(7, 7)).value

    assert Live().run(CallTool(nested)).value == 7
    assert Test().run(gather(CallTool(nested), CallTool(nested))).value == (7, 7)


def test_programs_run_on_many_threads() -> None:
    interpreter = served(Live())
    met = threading.Barrier(8)

    def one(name: str) -> list[list[str]]:
        WHO.set(name)
        met.wait(10)
        return [interpreter.run(everywhere()).value for _ in range(5)]

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(one, "abcdefgh"))
    assert told == [[[name] * 6] * 5 for name in "abcdefgh"]
