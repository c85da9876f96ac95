"""What is stored: erased texts are gone, and what somebody changed is refused while the rest stays usable."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from flowai.errors import JournalBroken, StorageError
from flowai_harness import Calls
from tests.durable.shop import Deeds, left, shop, shop_on

CANARY = "canary-5f1d"


def text_in(path: Path) -> bool:
    return any(CANARY.encode() in each.read_bytes() for each in path.glob("runs.db*"))


def test_what_was_said_in_an_erased_thread_is_gone_and_the_chain_still_verifies(tmp_path: Path) -> None:
    async def whole() -> None:
        runtime = shop(tmp_path, Deeds(), Calls("look", row=1), f"{CANARY} says the clerk")
        run = await runtime.run_specialist("clerk", f"{CANARY} asks the user", thread_id="t")
        count = runtime.verify(run.run_id)
        assert text_in(tmp_path)
        assert runtime.erase_thread("t") > 0
        assert runtime.verify(run.run_id) == count
        assert not text_in(tmp_path)

    asyncio.run(whole())


def test_an_erased_run_is_listed_without_its_words_and_is_never_begun_again(storage: str) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, second = (shop_on(storage, deeds, Calls("put", row=1), f"{CANARY} says the clerk") for _ in range(2))
        run = await first.run_specialist("clerk", CANARY, thread_id="t", request_id="r")
        second.erase_thread("t")
        for here in (first, second):
            [record] = here.runs()
            assert (record.run_id, record.status, record.name, record.output) == (run.run_id, "finished", "", None)
            with pytest.raises(StorageError, match=f"the run `{run.run_id}` was erased"):
                here.resume(run.run_id)
            with pytest.raises(StorageError, match="was erased"):
                here.run_specialist("clerk", CANARY, thread_id="t", request_id="r")
        assert deeds.done == ["put 1"]

    asyncio.run(whole())


def test_an_approval_that_somebody_set_by_sql_runs_nothing(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, second = (shop(tmp_path, deeds, Calls("drop", row=1), "done") for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t")
        await left(first, run, second)
        with sqlite3.connect(tmp_path / "runs.db") as database:
            database.execute("UPDATE approvals SET status = 'approved'")
        database.close()
        third = shop(tmp_path, deeds, Calls("drop", row=1), "done")
        with pytest.raises(JournalBroken):
            await third.resume(run.run_id)
        assert deeds.done == []
        other = third.run_specialist("clerk", "go", thread_id="u")
        await left(third, other)

    asyncio.run(whole())


def test_a_run_that_is_over_stays_as_it_is_whoever_reads_it_again(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, second = (shop(tmp_path, deeds, Calls("put", row=1), "done") for _ in range(2))
        run = await first.run_specialist("clerk", "go", thread_id="t")
        with sqlite3.connect(tmp_path / "runs.db") as database:
            before = database.execute("SELECT * FROM runs").fetchall()
            assert (await second.resume(run.run_id)).output == "done"
            assert database.execute("SELECT * FROM runs").fetchall() == before
        database.close()
        assert deeds.done == ["put 1"]

    asyncio.run(whole())
