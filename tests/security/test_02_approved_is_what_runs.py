"""Row 2: what was approved is what runs, and what the approver sees is rendered from the bound bytes."""

import asyncio
from typing import Any

import pytest

from flowai_harness import Approve, Calls, Says, TestingConfig, create_runtime, define_tool
from tests.harness.desk import Rows, asked, clerk_runtime, desk, of, until, write_row
from tests.harness.scenario import PLANNED, announced, dispatcher, play, script_of

HOSTILE = "row \u202e9.99\u202c \u200bzero \x1b[2J <b>html</b>"


def test_the_arguments_come_from_the_approved_record() -> None:
    rows = Rows()
    plan: dict[str, Any] = {"row": 1}
    runtime = clerk_runtime(Calls("delete_row", plan), Says("done"), services=rows)

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        [pending] = runtime.pending_approvals()
        # What was handed out is a copy: writing into it must change nothing.
        pending.subject["arguments"]["row"] = 99
        plan["row"] = 99
        for event in of(run, "approval_required", "model_answered"):
            getattr(event, "subject", {})["row"] = 99
        await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")
        await run

    asyncio.run(whole())
    assert rows.done == ["deleted 1"]


def test_the_digest_tells_calls_apart() -> None:
    def digest(row: int = 1, tenant: str = "acme", version: str = "1", tool: str = "delete_row") -> str:
        @define_tool(access="write_once", approval="always", version=version, name=tool)
        def gated(row: int) -> str:
            """Gated."""
            return "x"

        testing = TestingConfig(script={"clerk": [Calls(tool, row=row), Says("x")]}, decisions=["approve"])
        run = asked(create_runtime(desk(tools=[gated]), Rows(), testing=testing), tenant=tenant)
        digest: str = of(run, "approval_required")[0].digest
        return digest

    assert digest() == digest()
    others = [digest(row=2), digest(tenant="other"), digest(version="2"), digest(tool="delete_two")]
    assert len({digest(), *others}) == 5


def test_the_digest_tells_runs_and_positions_apart() -> None:
    twice = [Calls("delete_row", row=1) + Calls("delete_row", row=1), Says("x")]
    runtime = clerk_runtime(*twice, decisions=["approve", "approve"])
    digests = [each.digest for _ in range(2) for each in of(asked(runtime), "approval_required")]
    assert len(set(digests)) == 4


def test_the_approver_sees_what_would_otherwise_hide() -> None:
    runtime = clerk_runtime(
        Calls("write_row", row=1, text=HOSTILE),
        Says("x"),
        decisions=["approve"],
        tools=[write_row],
        tool_approvals={"write_row": "always"},
    )
    [required] = of(asked(runtime), "approval_required")
    shown = str(required.cards) + required.title + str(required)
    for hidden in ("\u202e", "\u200b", "\x1b"):
        assert hidden not in shown
    assert "<b>" not in str(required.cards)


@pytest.mark.parametrize(
    "decision", [Approve(edits={"row": "1; drop"}), Approve(edits={"row": [1]}), Approve(edits={"table": "x"})]
)
def test_edits_are_checked_again(decision: Approve) -> None:
    rows = Rows()
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("x"), decisions=[decision], services=rows)
    assert of(asked(runtime), "tool_called", "approval_resolved") == []
    assert rows.done == []


def test_an_edited_plan_has_another_digest() -> None:
    spec = announced(dispatched=dispatcher())
    plain = play(spec, TestingConfig(script=script_of(PLANNED)), ["approve"])
    edited = play(spec, TestingConfig(script=script_of(PLANNED)), [Approve(edits={0: {"new_price": 7}})])
    assert plain.asked[0].digest == edited.asked[0].digest
    assert plain.of("plan_changed")[0].revision == 1
    assert edited.of("plan_changed")[0].revision == 2
