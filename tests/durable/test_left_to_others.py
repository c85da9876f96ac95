"""Left to others: a runtime that cannot go on with a run does not keep it, and what began twice began once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from flowai.errors import ReplayMismatch, RunOwned, SpecError, ThreadBusy
from flowai_harness import Calls, Runtime
from tests.durable import shop
from tests.durable.restocking import World, runtime
from tests.durable.shop import Deeds, asking, bare, left, look, shop_on
from tests.durable.test_changed_programs import puts

STEPS = (Calls("look", row=1), Calls("drop", row=2), "done")


def test_a_runtime_with_another_program_leaves_the_run_to_those_that_have_its_own(
    storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def whole() -> None:
        first, second, third = (bare(storage, Deeds(), "said") for _ in range(3))
        run = first.run_program(asking(3), thread_id="t")
        approval = await left(first, run, second)
        with monkeypatch.context() as patched:
            patched.setattr(shop, "asking", puts)
            with pytest.raises(ReplayMismatch, match="and the run still waits"):
                await second.resume(run.run_id)
        assert [each.status for each in third.runs()] == ["paused"]
        await third.respond_to_approval(approval, "approve", principal="ana")
        assert (await third.resume(run.run_id)).output == "said: sent 3"

    asyncio.run(whole())


def test_a_runtime_without_the_tools_of_a_run_leaves_it_to_those_that_have_them(storage: str) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, third = (shop_on(storage, deeds, *STEPS) for _ in range(2))
        second = shop_on(storage, deeds, *STEPS, tools=[look])
        run = first.run_specialist("clerk", "go", thread_id="t")
        approval = await left(first, run, second)
        with pytest.raises(SpecError, match="are not there any more"):
            second.resume(run.run_id)
        await third.respond_to_approval(approval, "approve", principal="ana")
        assert (await third.resume(run.run_id)).output == "done"

    asyncio.run(whole())


def at_once(storage: str, folder: Path, begin: Callable[[Runtime], str]) -> list[str]:
    """Begin in two runtimes at the same moment; returns what each began, or `busy`."""
    ready = Barrier(2)
    runtimes = [runtime(storage, World(folder / "world.db")) for _ in range(2)]

    def one(here: Runtime) -> str:
        ready.wait()
        try:
            return begin(here)
        except ThreadBusy:
            return "busy"
        except RunOwned as error:
            return f"owned {error.run_id}"

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, runtimes))


def test_of_two_runtimes_that_begin_in_a_thread_at_once_one_is_told_that_it_is_busy(
    storage: str, tmp_path: Path
) -> None:
    began = at_once(storage, tmp_path, lambda here: here.run_specialist("hand", "order 1", thread_id="t").run_id)
    assert began.count("busy") == 1


def test_of_two_runtimes_that_begin_under_one_request_id_one_is_told_of_the_other(storage: str, tmp_path: Path) -> None:
    began = at_once(
        storage, tmp_path, lambda here: here.run_specialist("hand", "order 1", thread_id="t", request_id="r").run_id
    )
    [run_id] = [each for each in began if each != "busy" and not each.startswith("owned")]
    assert set(began) - {run_id} <= {"busy", f"owned {run_id}"}
