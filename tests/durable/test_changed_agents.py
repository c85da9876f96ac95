"""Changed agents: a run keeps the prompts it began with, and what was approved of another tool is asked anew."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from flowai.errors import ApprovalError, SpecError
from flowai.interpreters import Run
from flowai_harness import Approve, Calls, Runtime, ToolContext, define_tool
from tests.durable.shop import Deeds, left, look, put, send, shop_on
from tests.harness.desk import of, turned_until

STEPS = (Calls("look", row=1), Calls("drop", row=2), "done")


@define_tool(access="write_once", approval="always", name="drop")
def drop_by_force(ctx: ToolContext[Deeds], row: int, *, force: bool = False) -> str:
    """Drop a row, by force if need be."""
    ctx.services.done.append(f"drop {row} force={force}")
    return f"dropped {row}"


CHANGED = (look, put, send, drop_by_force)


@dataclass
class Heard:
    """What the model of the clerk was told."""

    prompts: list[str] = field(default_factory=list[str])

    def row(self, seen: Any) -> int:
        """Return a row, and keep the prompt."""
        self.prompts.append(seen.messages[0]["text"])
        return 1


def test_a_new_prompt_strands_no_run_that_waits(storage: str) -> None:
    async def whole() -> None:
        deeds, heard = Deeds(), Heard()
        steps = (Calls("drop", row=2), Calls("look", row=heard.row), "done")
        old = shop_on(storage, deeds, *steps)
        new = shop_on(storage, deeds, *steps, max_steps=9, settings={"temperature": 0})
        run = old.run_specialist("clerk", "go", thread_id="t")
        await new.respond_to_approval(await left(old, run, new), "approve", principal="ana")
        again = await new.resume(run.run_id)
        assert (again.output, deeds.done) == ("done", ["drop 2", "look 1"])

    asyncio.run(whole())


async def decided_anew(runtime: Runtime, run: Run[Any], voided: str) -> None:
    """Approve what is asked after an approval was voided, and finish."""
    over = asyncio.ensure_future(_finished(run))
    await turned_until(lambda: any(each.approval_id != voided for each in runtime.pending_approvals()))
    [pending] = runtime.pending_approvals()
    await runtime.respond_to_approval(pending.approval_id, Approve(edits={"force": True}), principal="bob")
    assert (await over).output == "done"


async def _finished(run: Run[Any]) -> Run[Any]:
    return await run


def test_a_tool_with_another_schema_is_not_run_by_what_was_approved_before(storage: str) -> None:
    async def whole() -> None:
        deeds = Deeds()
        # A runtime that holds the run takes the answer and stops before it goes on.
        old, answering = (shop_on(storage, deeds, *STEPS) for _ in range(2))
        run = old.run_specialist("clerk", "go", thread_id="t")
        approval = await left(old, run, answering)
        answering.shelf.answer("acme", approval, Approve().to_json(), "ana", 0)
        new = shop_on(storage, deeds, *STEPS, tools=CHANGED)
        await decided_anew(new, new.resume(run.run_id), approval)
        assert deeds.done == ["look 1", "drop 2 force=True"]

    asyncio.run(whole())


def test_a_question_about_a_tool_with_another_schema_is_withdrawn_and_asked_anew(storage: str) -> None:
    async def whole() -> None:
        deeds = Deeds()
        old, new = shop_on(storage, deeds, *STEPS), shop_on(storage, deeds, *STEPS, tools=CHANGED)
        run = old.run_specialist("clerk", "go", thread_id="t")
        approval = await left(old, run, new)
        again = new.resume(run.run_id)
        with pytest.raises(ApprovalError, match="was withdrawn"):
            await new.respond_to_approval(approval, "approve", principal="ana")
        await decided_anew(new, again, approval)
        assert [each.approval_id for each in of(again, "approval_withdrawn")] == [approval]
        assert deeds.done == ["look 1", "drop 2 force=True"]

    asyncio.run(whole())


def test_a_runtime_without_the_tools_of_a_run_says_which(storage: str) -> None:
    async def whole() -> None:
        deeds = Deeds()
        old, new = shop_on(storage, deeds, *STEPS), shop_on(storage, deeds, *STEPS, tools=[look])
        run = old.run_specialist("clerk", "go", thread_id="t")
        await left(old, run, new)
        for _ in range(2):
            with pytest.raises(SpecError, match="`put` of `clerk`, `send` of `clerk`, `drop` of `clerk`"):
                new.resume(run.run_id)
        assert deeds.done == ["look 1"]

    asyncio.run(whole())
