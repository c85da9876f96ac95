"""Nine ways past a gate that worked on other frameworks; each is tried through the public API.

The ninth, a replay, goes on in `test_recordings.py`.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from flowai import AwaitApproval, CallAgent, CallTool, Do, Tools, catch, fallback, gather, program, pure, race
from flowai.errors import ApprovalError, ApprovalRejected, FlowaiError, UnknownApproval
from flowai.interpreters import Eval, Recording, Test
from flowai_harness import (
    Approve,
    Calls,
    Reject,
    Says,
    SpecError,
    TestingConfig,
    create_runtime,
    define_specialist,
    define_tool,
)
from tests.harness.desk import Rows, asked, clerk_runtime, desk, of, turned_until, until

ran: list[str] = []


@define_tool(access="write_once", approval="always")
def wipe(row: int) -> str:
    """Wipe one row."""
    ran.append(f"wiped {row}")
    return "gone"


@define_tool(access="write_once")
def note(row: int) -> str:
    """Note one row."""
    ran.append(f"noted {row}")
    return "noted"


@pytest.fixture(autouse=True)
def _nothing_ran() -> Iterator[None]:
    ran.clear()
    yield
    ran.clear()


def test_1_a_rejected_call_is_not_reached_by_another_path() -> None:
    call = CallTool(wipe, row=1)
    paths: list[Any] = [
        fallback(call, call),
        catch(call, lambda _: call),
        gather(catch(call, lambda _: pure("no")), catch(call, lambda _: pure("no"))),
        race(catch(call, lambda _: call), catch(call, lambda _: call)),
    ]
    for path in paths:
        run = Test(decisions=[Reject("no")] * 2).run(path)
        assert of(run, "tool_called") == []
        assert ran == []


def test_1_a_rejected_call_of_an_agent_is_not_reached_by_another_agent() -> None:
    rows = Rows()
    both = [Calls("call_agent", agent="clerk", message="delete"), Calls("call_agent", agent="clerk", message="again")]
    clerk = [Calls("delete_row", row=1), Says("refused"), Calls("delete_row", row=1), Says("refused")]
    testing = TestingConfig(script={"desk": [*both, Says("x")], "clerk": clerk}, decisions=[Reject("no")] * 2)
    run = create_runtime(desk(), rows, testing=testing).blocking.query("go", thread_id="t")
    assert rows.done == []
    assert len(of(run, "approval_required")) == 2


def test_2_a_predicate_that_changes_its_mind_is_not_asked_again() -> None:
    """The rule is bound when the call is held; what it reads is fixed too."""
    rows = Rows()
    arguments: dict[str, Any] = {"row": 500}
    runtime = clerk_runtime(
        Calls("write_row", arguments),
        Says("x"),
        services=rows,
        tool_approvals={"write_row": {"when": "args.row > 100"}},
    )

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        arguments["row"] = 1
        [pending] = runtime.pending_approvals()
        # An edit that would not have been asked about is still this decision, and nothing else gets out.
        await runtime.respond_to_approval(pending.approval_id, Reject("no"), principal="ana")
        await run

    asyncio.run(whole())
    assert rows.done == []


@pytest.mark.parametrize("misspelt", ["delete_rwo", "Delete_row", "delete-row", "delete_row "])
def test_3_a_misspelt_tool_in_a_policy_is_an_error(misspelt: str) -> None:
    with pytest.raises(SpecError, match="delete_row"):
        desk(tool_approvals={misspelt: "always"})


@pytest.mark.parametrize(
    "rule", ["allways", "Always", "", None, True, {"when": ""}, {"whn": "true"}, {"when": "true", "x": 1}]
)
def test_3_a_misspelt_rule_never_means_no(rule: Any) -> None:
    with pytest.raises(SpecError):
        desk(tool_approvals={"write_row": rule})


def test_4_arguments_cannot_be_rewritten_after_the_approval() -> None:
    given: list[dict[str, Any]] = []

    @define_tool(access="write_once", approval="always")
    def send(to: list[str]) -> str:
        """Send."""
        given.append({"to": list(to)})
        to.append("eve")
        return "sent"

    call = CallTool(send, to=["ana"])
    run = Test(decisions=["approve", "approve"]).run(gather(call, call))
    assert list(run.value) == ["sent", "sent"]
    assert [each.subject["arguments"] for each in of(run, "approval_required")] == given == [{"to": ["ana"]}] * 2


def test_5_an_approval_is_used_once() -> None:
    @program
    def twice() -> Do[Tools, list[str]]:
        first = yield from CallTool(wipe, row=1)
        return [first, (yield from CallTool(wipe, row=1))]

    run = Test(decisions=["approve", Reject("once")]).run(twice())
    with pytest.raises(ApprovalRejected, match="once"):
        _ = run.value
    assert ran == ["wiped 1"]
    first, second = of(run, "approval_required")
    assert first.digest != second.digest


def test_5_an_answered_approval_lets_out_nothing_more() -> None:
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("x"))

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        [pending] = runtime.pending_approvals()
        for _ in range(5):
            await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")
        await run
        for _ in range(5):
            await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")

    asyncio.run(whole())
    assert runtime.services.done == ["deleted 1"]


def test_6_code_before_a_pause_runs_once() -> None:
    before: list[str] = []

    @program
    def paused() -> Do[Any, str]:
        before.append("here")
        yield from AwaitApproval("sure?", subject=1)
        return (yield from CallTool(wipe, row=1))

    runtime = create_runtime(desk(), Rows(), testing=TestingConfig(script=[]))

    async def whole() -> None:
        run = runtime.run_program(paused(), thread_id="t")
        for _ in range(2):
            await turned_until(lambda: bool(runtime.pending_approvals()))
            [pending] = runtime.pending_approvals()
            await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")
        await run

    asyncio.run(asyncio.wait_for(whole(), 20))
    assert before == ["here"]
    assert ran == ["wiped 1"]


def test_7_a_tool_that_ignores_the_refusal_never_starts() -> None:
    entered: list[str] = []

    @define_tool(access="write_once", approval="always")
    def stubborn(row: int) -> str:
        """Do it whatever they say."""
        entered.append("entered")
        return "done anyway"

    run = asked(clerk_runtime(Calls("stubborn", row=1), Says("x"), tools=[stubborn], decisions=["reject"]))
    assert entered == []
    assert of(run, "tool_called") == []

    @program
    def ignoring() -> Do[Tools, str]:
        try:
            yield from CallTool(stubborn, row=1)
        except ApprovalRejected:
            return "ignored"
        return "ran"

    assert Test(decisions=["reject"]).run(ignoring()).value == "ignored"
    assert entered == []


def test_8_a_part_of_several_answers_lets_out_that_part() -> None:
    rows = Rows()
    three = Calls("delete_row", row=1) + Calls("delete_row", row=2) + Calls("delete_row", row=3)
    runtime = clerk_runtime(three, Says("x"), services=rows)

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        second = next(each for each in runtime.pending_approvals() if each.subject["arguments"] == {"row": 2})
        await runtime.respond_to_approval(second.approval_id, "approve", principal="ana")
        await turned_until(lambda: rows.done != [])
        for _ in range(100):
            await asyncio.sleep(0)
        assert rows.done == ["deleted 2"]
        run.cancel()
        async for _ in run:
            pass
        for each in ("approval_x", second.approval_id):
            try:
                await runtime.respond_to_approval(each, Approve(), principal="ana")
            except (UnknownApproval, ApprovalError):
                continue

    asyncio.run(asyncio.wait_for(whole(), 20))
    assert rows.done == ["deleted 2"]


def test_9_a_replayed_run_lets_out_nothing_however_often() -> None:
    first = Eval(Test(decisions=["approve"])).run(CallTool(wipe, row=1))
    assert first.value == "gone"
    assert ran == ["wiped 1"]
    recording = Recording.from_json(first.recording.to_json())
    for _ in range(2):
        assert Eval(Test()).replay(recording).run(CallTool(wipe, row=1)).value == "gone"
    assert ran == ["wiped 1"]
    with pytest.raises(FlowaiError):
        _ = Eval(Test()).replay(recording).run(CallTool(wipe, row=2)).value
    assert ran == ["wiped 1"]


def test_an_agent_that_stands_alone_does_not_get_round_the_rules_of_an_interpreter() -> None:
    alone = define_specialist(name="alone", model="m", prompt="x", tools=[note])
    test = Test(script=[Calls("note", row=1), Says("x")], decisions=[Reject("no")], policy={"tools": "always"})
    run = test.run(CallAgent(alone, "go"))
    assert run.value == "x"
    assert [each.type for each in run.events if each.type in {"approval_required", "tool_called"}] == [
        "approval_required"
    ]
