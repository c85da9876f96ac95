"""The executor's own question: about one revision, which is what runs, is edited, or is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowai.errors import ApprovalError
from flowai_harness import Approve, Calls, Reject, Says, TestingConfig, create_runtime, define_tool
from tests.harness.scenario import (
    PLANNED,
    Played,
    Shop,
    announced,
    dispatcher,
    launched,
    play,
    price,
    script_of,
    stored,
)

ASKS_AGAIN: dict[str, Any] = {"approval": {"plans": "always", "tools": "never"}}
NAMED: dict[str, Any] = {"tool_approvals": {"execute_plan": "always"}}
EXECUTED = (Calls("execute_plan"), Says("executed"))
EVERY_WAY = pytest.mark.parametrize("executor", [ASKS_AGAIN, NAMED], ids=["plans", "execute_plan"])


@define_tool(access="read")
def pause() -> str:
    """Take a turn."""
    return "on"


def asking(*answers: Any, executor: Any = None, executor_steps: Any = EXECUTED) -> Played:
    spec = announced(dispatched=dispatcher(), executor=executor or ASKS_AGAIN)
    return play(spec, TestingConfig(script=script_of(PLANNED, executor_steps)), answers)


@EVERY_WAY
def test_the_question_shows_the_revision_that_would_run(executor: Any) -> None:
    played = asking("approve", "approve", executor=executor)
    [planned, execution] = played.of("approval_required")
    stored_plan = played.of("plan_stored")[0]
    assert (execution.kind, execution.title) == ("plan", "execute plan ScenarioPlan revision 1")
    assert execution.subject["plan_id"] == stored_plan.plan_id
    assert (execution.subject["revision"], execution.subject["digest"]) == (1, stored_plan.digest)
    assert execution.subject["body"] == stored_plan.body
    assert execution.cards == planned.cards
    assert played.shop.done == ["red-1=9", "launch red-2"]


@EVERY_WAY
def test_another_revision_stored_meanwhile_is_not_let_out(executor: Any) -> None:
    """The planner stores anew, and policy approves it, while a human looks at what was there before."""
    spec = announced(dispatched=dispatcher(), planner={"approval": {"plans": "never"}}, executor=executor)
    at_once = Calls("call_agent", agent="scenario_executor", message="x") + Calls(
        "call_agent", agent="scenario_planner", message="again"
    )
    script = {
        "scenario_coordinator": [Calls("call_agent", agent="scenario_planner", message="plan"), at_once, Says("done")],
        "scenario_planner": [stored(price("good", 1)), Says("ok"), stored(price("evil", 0.01)), Says("ok")],
        "scenario_executor": [Calls("execute_plan"), Says("executed")],
    }
    shop = Shop()
    runtime = create_runtime(spec, shop, testing=TestingConfig(script=script))

    async def whole() -> Any:
        run = runtime.query("go", thread_id="t")
        asked.extend([event.approval_id async for event in run if event.type == "approval_required"])
        return run

    asked: list[str] = []
    run = asyncio.run(whole())
    assert shop.done == []
    assert runtime.pending_approvals() == []
    assert [each.type for each in run.events if each.type.startswith("approval_")] == [
        "approval_required",
        "approval_withdrawn",
    ]
    with pytest.raises(ApprovalError, match="withdrawn"):
        runtime.blocking.respond_to_approval(asked[0], "approve", principal="ana")


@EVERY_WAY
def test_edits_of_an_execution_make_the_revision_that_runs(executor: Any) -> None:
    played = asking("approve", Approve(edits={0: {"new_price": 7.5}}), executor=executor)
    assert played.shop.done == ["red-1=7.5", "launch red-2"]
    assert played.steps()[:3] == [
        "r1 DRAFT → APPROVED by human ana",
        "r2 APPROVED → APPROVED by human ana",
        "r2 APPROVED → EXECUTING by executor scenario_executor",
    ]
    assert [each.path for each in played.of("plan_changed")[1].diff] == ["/actions/0/new_price"]


def test_some_actions_may_be_chosen_for_the_execution() -> None:
    played = asking("approve", Approve(actions=[1]))
    assert played.shop.done == ["launch red-2"]
    assert [(each.index, each.by) for each in played.of("action_skipped")] == [(0, "human ana")]


def test_what_was_left_out_before_is_neither_shown_nor_counted() -> None:
    three = (stored(price("a", 1), launched("b"), price("c", 2)), Says("stored"))
    spec = announced(dispatched=dispatcher(), executor=ASKS_AGAIN)
    answers = [Approve(actions=[1, 2]), Approve(actions=[1], edits={1: {"new_price": 3}})]
    played = play(spec, TestingConfig(script=script_of(three)), answers)
    shown = played.of("approval_required")[1]
    assert [(each["index"], each["kind"]) for each in shown.cards[1:]] == [(0, "promotion_launch"), (1, "price_change")]
    assert [each["kind"] for each in shown.subject["body"]["actions"]] == ["promotion_launch", "price_change"]
    assert played.shop.done == ["c=3"]


@pytest.mark.parametrize(
    "decision",
    [
        Approve(edits={0: {"new_price": -1}}),
        Approve(edits={0: {"colour": "red"}}),
        Approve(edits={"body": {"actions": []}}),
        Approve(actions=[7]),
    ],
)
def test_edits_of_an_execution_that_do_not_fit_decide_nothing(decision: Any) -> None:
    spec = announced(dispatched=dispatcher(), planner={"approval": {"plans": "never"}}, executor=ASKS_AGAIN)
    runtime = create_runtime(spec, Shop(), testing=TestingConfig(script=script_of(PLANNED)))

    async def whole() -> None:
        run = runtime.query("go", thread_id="t")
        async for event in run:
            if event.type == "approval_required":
                with pytest.raises(ApprovalError):
                    await runtime.respond_to_approval(event.approval_id, decision, principal="ana")
                await runtime.respond_to_approval(event.approval_id, "approve", principal="ana")

    asyncio.run(whole())
    assert runtime.services.done == ["red-1=9", "launch red-2"]


@EVERY_WAY
def test_a_refused_execution_takes_the_approval_back(executor: Any) -> None:
    again = (Calls("execute_plan"), Calls("execute_plan"), Says("x"))
    played = asking("approve", Reject("not today"), executor=executor, executor_steps=again)
    assert played.shop.done == []
    assert played.steps() == ["r1 DRAFT → APPROVED by human ana", "r1 APPROVED → DRAFT by human ana"]
    assert played.of("plan_changed")[-1].reason == "not today"


def test_two_executions_at_once_ask_once() -> None:
    twice = (Calls("execute_plan") + Calls("execute_plan"), Says("x"))
    played = asking("approve", "approve", executor_steps=twice)
    assert played.shop.done == ["red-1=9", "launch red-2"]


def test_the_executors_rule_says_how_long_it_waits_and_is_named() -> None:
    rule = {"when": 'args.rationale == "because"', "expires_in": "1h"}
    spec = announced(dispatched=dispatcher(), executor={"approval": {"plans": rule}})
    asked = play(spec, TestingConfig(script=script_of(PLANNED)), ["approve", "approve"]).of("approval_required")[1]
    assert asked.expires_at - asked.at == 60 * 60 * 1000
    assert 'args.rationale == "because"' in asked.rule


def test_a_rule_that_names_the_tool_sees_what_it_is_called_with() -> None:
    named = {"tool_approvals": {"execute_plan": {"when": "args.plan_id.size() > 0 && agent == 'scenario_executor'"}}}
    played = asking("approve", "approve", executor=named)
    assert played.shop.done == ["red-1=9", "launch red-2"]


@pytest.mark.parametrize("first", ["approve", Reject("no")])
def test_two_plans_in_one_turn_ask_about_the_last(first: Any) -> None:
    """The first is superseded before anyone is asked; a refusal of the last is the last word."""
    seen: list[Any] = []
    look = Calls("get_plan", plan_id=lambda so_far: seen.extend(so_far.messages))
    planner = (stored(price("one", 1)) + stored(price("two", 2)), look, Says("s"))
    spec = announced(dispatched=dispatcher())
    played = play(spec, TestingConfig(script=script_of(planner)), [first])
    [asked] = played.of("approval_required")
    assert asked.subject["revision"] == 2
    told = [each["content"]["decision"] for each in seen if each["role"] == "tool"]
    assert told == ["superseded", "approved" if first == "approve" else "rejected"]
    assert played.shop.done == (["two=2"] if first == "approve" else [])


def test_a_question_about_a_revision_that_stands_no_more_is_withdrawn_and_cannot_be_answered() -> None:
    at_once = [Calls("call_agent", agent="scenario_planner", message=text) for text in ("a", "b")]
    script = {
        "scenario_coordinator": [at_once[0] + at_once[1], Says("done")],
        "scenario_planner": [
            stored(price("one", 1)),
            Calls("pause"),
            stored(price("two", 2)),
            Says("s"),
            Says("s"),
        ],
    }
    spec = announced(dispatched=dispatcher(), planner={"tools": [pause]})
    runtime = create_runtime(spec, Shop(), testing=TestingConfig(script=script))
    refused: list[str] = []

    async def whole() -> Any:
        run = runtime.query("go", thread_id="t")
        asked: list[str] = []
        async for event in run:
            if event.type == "approval_required":
                asked.append(event.approval_id)
            if event.type == "run_paused":
                with pytest.raises(ApprovalError) as caught:
                    await runtime.respond_to_approval(asked[0], "approve", principal="ana")
                refused.append(caught.value.message)
                await runtime.respond_to_approval(asked[1], "approve", principal="ana")
        return run

    run = asyncio.run(whole())
    assert len(refused) == 1
    assert [each.after for each in run.events if each.type == "plan_changed"] == ["DRAFT", "APPROVED"]
