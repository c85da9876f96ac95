"""Answers on threads without a loop: whoever takes up a run to answer for it never keeps it for nothing."""

import asyncio
from typing import Any

import pytest

from flowai.errors import ApprovalError
from flowai.interpreters import Run
from flowai_harness import Approve, Calls
from tests.durable.shop import Deeds, left, shop_on
from tests.harness.desk import turned_until

STEPS = (Calls("look", row=1), Calls("drop", row=2), "done")


def test_an_answer_that_does_not_fit_leaves_the_run_to_others(storage: str) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, second = (shop_on(storage, deeds, *STEPS) for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t")
        approval = await left(first, run, second)
        edited: Any = Approve(edits={"row": "x"})
        with pytest.raises(ApprovalError, match="do not fit"):
            await asyncio.to_thread(second.blocking.respond_to_approval, approval, edited, principal="ana")
        await turned_until(lambda: first.shelf.is_free("acme", run.run_id))
        await first.respond_to_approval(approval, "approve", principal="ana")
        assert (await first.resume(run.run_id)).output == "done"
        assert deeds.done == ["look 1", "drop 2"]

    asyncio.run(whole())


def test_whoever_began_a_run_may_answer_it_while_another_runtime_drives_it(storage: str) -> None:
    async def whole() -> None:
        deeds = Deeds()
        first, second = (shop_on(storage, deeds, *STEPS) for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t")
        approval = await left(first, run, second)
        taken_up = asyncio.ensure_future(_finished(second.resume(run.run_id)))
        await turned_until(lambda: not first.shelf.is_free("acme", run.run_id))
        await first.respond_to_approval(approval, "approve", principal="ana")
        assert (await taken_up).output == "done"
        assert deeds.done == ["look 1", "drop 2"]

    asyncio.run(whole())


async def _finished(run: Run[Any]) -> Run[Any]:
    return await run
