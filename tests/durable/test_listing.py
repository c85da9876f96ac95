"""Listing: what cannot be meant is refused, instead of being answered with something else."""

import asyncio
from typing import Any

import pytest

from flowai_harness import SpecError
from tests.durable.shop import Deeds, shop_on


@pytest.mark.parametrize("status", ["sleeping", "", ["paused", "Finished"], [None]])
def test_a_status_that_no_run_has_lists_nothing_else(storage: str, status: Any) -> None:
    async def whole() -> None:
        clerk = shop_on(storage, Deeds(), "done")
        await clerk.run_specialist("clerk", "go")
        with pytest.raises(SpecError, match="hint: a run is running, paused, finished"):
            clerk.runs(status=status)
        assert len(clerk.runs(status=("finished", "paused"))) == 1

    asyncio.run(whole())


@pytest.mark.parametrize("after", [-1, 2**70, "3", None])
def test_a_number_that_no_event_has_is_refused(storage: str, after: Any) -> None:
    async def whole() -> None:
        clerk = shop_on(storage, Deeds(), "done")
        run = await clerk.run_specialist("clerk", "go")
        with pytest.raises(SpecError, match="hint: give the `seq`"):
            clerk.events(run.run_id, after=after)
        assert clerk.events(run.run_id, after=len(run.events)) == []

    asyncio.run(whole())
