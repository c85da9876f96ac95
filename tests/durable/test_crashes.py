"""Crashes: reads and idempotent writes are asked again, and a write that may have happened is settled first."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flowai.errors import Crashed
from flowai.interpreters import Crashes, Run
from flowai_harness import Calls, Failed, Happened, RunAgain, Runtime, define_tool
from tests.durable.shop import TOOLS, Deeds, send, shop
from tests.harness.desk import of, turned_until


async def crashed(
    path: Path, deeds: Deeds, tool: str, *, resume: bool = True, **options: Any
) -> tuple[Runtime, Run[Any]]:
    """Let a run crash at a tool, and return its runtime with the run as it goes on from the store."""
    steps = (Calls(tool, row=1), "done")
    dying = shop(path, deeds, *steps, faults={tool: Crashes(before=False)}, **options)
    run = dying.run_specialist("clerk", "go", thread_id="t")
    with pytest.raises(Crashed):
        await run
    return dying, dying.resume(run.run_id) if resume else run


def check_numbers(run: Run[Any]) -> None:
    assert [each.seq for each in run.events] == list(range(1, len(run.events) + 1))


@pytest.mark.parametrize("tool", ["look", "put"])
def test_what_may_be_repeated_is_asked_again_under_the_same_key(tmp_path: Path, tool: str) -> None:
    async def whole() -> None:
        deeds = Deeds()
        _, run = await crashed(tmp_path, deeds, tool)
        assert (await run).output == "done"
        assert deeds.done == [f"{tool} 1"] * 2
        assert len(set(deeds.keys)) <= 1
        assert of(run, "approval_required") == []
        check_numbers(run)

    asyncio.run(whole())


@pytest.mark.parametrize(("answer", "more"), [(Happened("sent 1"), 0), (RunAgain(), 1), (Failed("it is not there"), 0)])
def test_a_write_that_may_have_happened_is_asked_about(tmp_path: Path, answer: Any, more: int) -> None:
    async def whole() -> None:
        deeds = Deeds()
        runtime, run = await crashed(tmp_path, deeds, "send")
        await turned_until(lambda: bool(runtime.pending_approvals()))
        [pending] = runtime.pending_approvals()
        assert pending.kind == "in_doubt"
        done = list(deeds.done)
        assert done == ["send 1"]
        await runtime.respond_to_approval(pending.approval_id, answer, principal="ana")
        assert (await run).output == "done"
        assert deeds.done == done + ["send 1"] * more
        assert len(set(deeds.keys)) <= 1
        check_numbers(run)

    asyncio.run(whole())


@pytest.mark.parametrize(("said", "calls"), [(Happened("sent 1"), 1), (RunAgain(), 2), (Failed("no"), 1)])
def test_a_check_settles_what_a_crash_left_open(tmp_path: Path, said: Any, calls: int) -> None:
    keys: list[str] = []

    def check(key: str) -> Any:
        keys.append(key)
        return said

    tool = define_tool(access="write_once", check=check)(send.plain)

    async def whole() -> None:
        deeds = Deeds()
        _, run = await crashed(tmp_path, deeds, "send", tools=[*TOOLS[:2], tool])
        assert (await run).output == "done"
        assert len(deeds.done) == calls
        assert keys == deeds.keys[:1]
        assert of(run, "approval_required") == []

    asyncio.run(whole())


def test_what_a_scripted_crash_leaves_is_free_for_other_runtimes_at_once(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        _, run = await crashed(tmp_path, deeds, "put", resume=False)
        other = shop(tmp_path, deeds, Calls("put", row=1), "done")
        [recovered] = other.recover()
        assert (recovered.run_id, (await recovered).output) == (run.run_id, "done")
        assert deeds.done == ["put 1", "put 1"]

    asyncio.run(whole())
