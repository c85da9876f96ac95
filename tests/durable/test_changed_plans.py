"""A plan that was approved for some tools is not performed by others, whoever performs it and however late."""

import asyncio
from pathlib import Path

from tests.durable.restocking import World
from tests.durable.stepping import runtime_of
from tests.durable.test_steps import EXECUTED, of_agent, stored
from tests.harness.errands import errand


def test_an_executor_that_never_asks_asks_when_the_tools_are_others(storage: str, tmp_path: Path) -> None:
    async def whole() -> None:
        world = World(tmp_path / "world.db")
        old, new = (runtime_of(storage, world, is_new=is_new, asks_again=False) for is_new in (False, True))
        planning = old.query(errand([of_agent("planner", [stored(1)])]), thread_id="t")
        async for event in planning:
            if event.type == "approval_required":
                await old.respond_to_approval(event.approval_id, "approve", principal="ana")
        executing, rules = new.query(errand([EXECUTED]), thread_id="t"), list[str]()
        async for event in executing:
            if event.type == "approval_required":
                assert world.deeds() == []
                rules.append(event.rule)
                await new.respond_to_approval(event.approval_id, "approve", principal="ana")
        assert rules == ["the tools of the plan have changed since it was approved"]
        assert [deed for deed, _ in world.deeds()] == ["buy 1 gift=False"]

    asyncio.run(whole())


def test_an_executor_that_never_asks_goes_on_with_the_tools_that_were_approved(storage: str, tmp_path: Path) -> None:
    async def whole() -> None:
        world = World(tmp_path / "world.db")
        old, same = (runtime_of(storage, world, asks_again=False) for _ in range(2))
        planning = old.query(errand([of_agent("planner", [stored(1)])]), thread_id="t")
        async for event in planning:
            if event.type == "approval_required":
                await old.respond_to_approval(event.approval_id, "approve", principal="ana")
        await same.query(errand([EXECUTED]), thread_id="t")
        assert [deed for deed, _ in world.deeds()] == ["buy 1"]

    asyncio.run(whole())
