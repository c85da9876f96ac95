"""Kept budgets: what a thread has used is neither forgotten nor counted twice when a run goes on elsewhere."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from flowai.errors import Crashed, LimitReached
from flowai.interpreters import Crashes
from flowai_harness import Budget, Calls, Runtime, TestingConfig, create_runtime
from tests.durable.shop import TOOLS, Deeds, left
from tests.harness.desk import desk, of

LOOKS = [Calls("look", row=row) for row in range(5)]


def runtime(storage: str, deeds: Deeds, *queries: list[Any], crashes: bool = False) -> Runtime:
    """Return a runtime whose threads may call four tools; its first query dies at the second one where wished."""
    spec = replace(desk(tools=TOOLS), thread_budget=Budget(tool_calls=4))
    faults: Any = [{"look": Crashes(before=False)}] if crashes else None
    testing = TestingConfig(script={"clerk": list(queries)}, faults=faults)
    return create_runtime(spec, deeds, testing=testing, storage=storage)


@pytest.mark.parametrize("crashes", [True, False])
def test_a_thread_may_use_what_is_left_and_no_more_after_a_run_came_back(storage: str, *, crashes: bool) -> None:
    async def whole() -> None:
        deeds = Deeds()
        queries = [[*LOOKS[:2], Calls("drop", row=9), "done"], [*LOOKS, "never"]]
        first = runtime(storage, deeds, *queries, crashes=crashes)
        run = first.run_specialist("clerk", "go", thread_id="t")
        if crashes:
            with pytest.raises(Crashed):
                await run
            run = first.resume(run.run_id)
        approval = await left(first, run)
        # Asked again after the crash, and counted once.
        assert deeds.done == ["look 0"] * (1 + crashes) + ["look 1"]
        second = runtime(storage, deeds, *queries)
        await second.respond_to_approval(approval, "approve", principal="ana")
        assert (await second.resume(run.run_id)).output == "done"
        # Of four calls the run used three.
        third = runtime(storage, deeds, [], queries[1])
        third.run_specialist("clerk", "go", thread_id="other").cancel()
        later = third.run_specialist("clerk", "go", thread_id="t")
        with pytest.raises(LimitReached):
            await later
        assert len(of(later, "tool_answered")) == 1

    asyncio.run(whole())
