"""Plans: approved in part, with edits, by policy; rejected and planned anew."""

import asyncio
from typing import Any

import pytest

from flowai.errors import ApprovalError
from flowai_harness import Approve, Calls, Reject, Runtime, Says, TestingConfig, create_runtime
from tests.harness.scenario import (
    PLANNED,
    TWO,
    Played,
    Shop,
    announced,
    dispatcher,
    finish,
    launched,
    play,
    price,
    script_of,
    stored,
)


def played_with(*answers: Any, planner: Any = PLANNED) -> Played:
    return play(announced(dispatched=dispatcher()), TestingConfig(script=script_of(planner)), answers)


def test_an_approval_of_some_actions_skips_the_rest() -> None:
    played = played_with(Approve(actions=[1]))
    assert played.shop.done == ["launch red-2"]
    [skipped] = played.of("action_skipped")
    assert (skipped.index, skipped.kind, skipped.by) == (0, "price_change", "human ana")
    assert played.steps()[0] == "r2 DRAFT → APPROVED by human ana"
    assert played.steps()[-1].endswith("EXECUTING → EXECUTED by runtime")


def test_an_approval_with_edits_is_one_step() -> None:
    played = played_with(Approve(edits={0: {"new_price": 7.5}}))
    assert played.shop.done == ["red-1=7.5", "launch red-2"]
    approved = played.of("plan_changed")[0]
    assert (approved.before, approved.after, approved.revision) == ("DRAFT", "APPROVED", 2)
    assert [(each.path, each.before, each.after) for each in approved.diff] == [("/actions/0/new_price", 9.0, 7.5)]
    assert played.of("approval_resolved")[0].edited


def test_edits_and_a_choice_go_together() -> None:
    played = played_with(
        Approve(actions=[0, 2], edits={2: {"new_price": 3}}),
        planner=(stored(price("a", 1), launched("b"), price("c", 2)), Says("stored")),
    )
    assert played.shop.done == ["a=1", "c=3"]


@pytest.mark.parametrize(
    "edits",
    [
        {0: {"new_price": "cheap"}},
        {0: {"new_price": -1}},
        {0: {"kind": "promotion_launch"}},
        {0: {"colour": "red"}},
        {7: {"new_price": 1}},
        {"actions": "all"},
        {"owner": "me"},
    ],
)
def test_edits_that_do_not_fit_decide_nothing(edits: Any) -> None:
    refused: list[str] = []

    def answer(runtime: Runtime, approval_id: str) -> None:
        with pytest.raises(ApprovalError) as caught:
            runtime.blocking.respond_to_approval(approval_id, Approve(edits=edits), principal="ana")
        refused.append(caught.value.message)
        assert [each.approval_id for each in runtime.pending_approvals()] == [approval_id]

    played = _asking(answer)
    assert len(refused) == 1
    assert played.shop.done == ["red-1=9", "launch red-2"]
    assert played.of("approval_resolved")[0].edited is False


@pytest.mark.parametrize("actions", [[2], [0, 9]])
def test_a_choice_of_actions_that_are_not_there_decides_nothing(actions: list[int]) -> None:
    def answer(runtime: Runtime, approval_id: str) -> None:
        with pytest.raises(ApprovalError):
            runtime.blocking.respond_to_approval(approval_id, Approve(actions=actions), principal="ana")
        assert len(runtime.pending_approvals()) == 1

    assert _asking(answer).shop.done == ["red-1=9", "launch red-2"]


def test_an_edit_of_an_action_that_was_not_chosen_decides_nothing() -> None:
    def answer(runtime: Runtime, approval_id: str) -> None:
        decision = Approve(actions=[0], edits={1: {"sku": "red-9"}})
        with pytest.raises(ApprovalError, match="action 1 is edited and not among the approved"):
            runtime.blocking.respond_to_approval(approval_id, decision, principal="ana")
        assert len(runtime.pending_approvals()) == 1

    assert _asking(answer).shop.done == ["red-1=9", "launch red-2"]


def test_a_rejection_tells_the_planner_why_and_the_second_revision_is_asked_again() -> None:
    second = Calls(
        "store_plan", plan=lambda seen: {"actions": [price("red-1", 8)], "rationale": str(seen.answer("store_plan"))}
    )
    played = played_with(Reject("too deep"), "approve", planner=(stored(*TWO), second, Says("stored")))
    assert played.shop.done == ["red-1=8"]
    assert [each.revision for each in played.asked] == [1, 2]
    assert [each.revision for each in played.of("plan_stored")] == [1, 2]
    assert len({each.plan_id for each in played.of("plan_stored")}) == 1
    assert "too deep" in played.asked[1].subject["body"]["rationale"]
    assert played.asked[0].approval_id != played.asked[1].approval_id
    assert played.asked[0].digest != played.asked[1].digest


def test_storing_again_voids_what_was_approved() -> None:
    planner = (stored(price("a", 1)), stored(price("b", 2)), Says("stored"))
    played = played_with("approve", "reject", planner=planner)
    assert played.shop.done == []
    assert played.of("action_started") == []


def test_a_plan_that_nobody_has_to_see_is_approved_by_policy() -> None:
    played = play(
        announced(dispatched=dispatcher(), planner={"approval": {"plans": "never"}}),
        TestingConfig(script=script_of(PLANNED)),
    )
    assert played.asked == []
    assert played.steps()[0] == "r1 DRAFT → APPROVED by policy plans: never"
    assert played.shop.done == ["red-1=9", "launch red-2"]


def test_a_plan_that_does_not_fit_goes_back_to_the_planner() -> None:
    wrong = Calls("store_plan", plan={"actions": [{**price("a", 1), "kind": "promotion_launch"}]})
    played = played_with("approve", planner=(wrong, *PLANNED))
    assert len(played.of("plan_stored")) == 1
    assert played.shop.done == ["red-1=9", "launch red-2"]


def test_a_plan_is_checked_by_pydantic_too() -> None:
    wrong = stored(price("a", -1))
    played = played_with("approve", planner=(wrong, *PLANNED))
    assert [each.revision for each in played.of("plan_stored")] == [1]
    assert played.shop.done == ["red-1=9", "launch red-2"]


def _asking(first: Any) -> Played:
    """Let something happen at the first approval, then approve."""
    shop = Shop()
    spec = announced(dispatched=dispatcher())
    runtime = create_runtime(spec, shop, testing=TestingConfig(script=script_of(PLANNED)))

    def answer(pending: Any) -> Any:
        first(runtime, pending.approval_id)
        return "approve"

    async def whole() -> Played:
        run = runtime.query("go", thread_id="t")
        asked = await finish(runtime, run, [answer])
        return Played(run, shop, runtime, asked)

    return asyncio.run(whole())
