"""The history of a plan: who rejected or approved which revision, when and why; what waits no more is told so."""

import asyncio
from typing import Any

import pytest

from flowai.errors import ApprovalError
from flowai.interpreters import Run
from flowai_harness import Approve, Calls, Reject, Says, TestingConfig, create_runtime
from tests.harness.desk import clerk_runtime, of, turned_until, until
from tests.harness.scenario import TWO, Played, announced, dispatcher, launched, play, price, script_of, stored

AGAIN = (stored(*TWO), stored(price("a", 1)), Says("stored"))


def rejected_once() -> Played:
    spec = announced(dispatched=dispatcher())
    return play(spec, TestingConfig(script=script_of(AGAIN)), [Reject("too deep"), "approve"])


def test_a_rejection_is_told_as_a_step_of_the_plan() -> None:
    played = rejected_once()
    first = played.of("plan_changed")[0]
    assert (first.revision, first.before, first.after, first.by, first.reason) == (
        1,
        "DRAFT",
        "DRAFT",
        "human ana",
        "too deep",
    )
    assert f"{first.plan_id} r1 rejected by human ana: too deep" in str(first)


def test_the_plan_knows_who_did_what_to_which_revision_when_and_why() -> None:
    played = rejected_once()
    history = played.runtime.plan(played.of("plan_stored")[0].plan_id).history
    assert [(each.revision, each.event, each.by, each.reason) for each in history] == [
        (1, "store", "planner scenario_planner", None),
        (1, "reject", "human ana", "too deep"),
        (2, "store", "planner scenario_planner", None),
        (2, "approve", "human ana", None),
        (2, "begin", "executor scenario_executor", None),
        (2, "finish", "runtime", None),
    ]
    assert [each.at for each in history if each.event == "reject"] == [played.of("approval_resolved")[0].at]


def test_a_plan_that_stays_rejected_says_why() -> None:
    spec = announced(dispatched=dispatcher())
    script = script_of((stored(*TWO), Calls("get_plan"), Says("given up")), ())
    played = play(spec, TestingConfig(script=script), [Reject("too deep")])
    record = played.runtime.plan(played.of("plan_stored")[0].plan_id)
    assert (record.status, record.rejection) == ("DRAFT", "too deep")
    seen = next(each.result for each in played.of("tool_answered")) if played.of("tool_answered") else record.rejection
    assert "too deep" in str(seen)


def test_a_new_revision_withdraws_what_was_asked_about_the_old_one() -> None:
    planning = Calls("call_agent", agent="scenario_planner", message="plan")
    later = Says("wait", delay_ms=50) + stored(price("b", 2))
    script = {
        "scenario_coordinator": [planning + planning, Says("done")],
        "scenario_planner": [stored(price("a", 1)), later, Says("told so"), Says("stored")],
    }
    runtime = create_runtime(announced(dispatched=dispatcher()), testing=TestingConfig(script=script))

    async def whole() -> Run[Any]:
        run = runtime.query("go", thread_id="t")
        await until(run, "approval_withdrawn")
        await turned_until(lambda: len(runtime.pending_approvals()) == 1)
        [pending] = runtime.pending_approvals()
        assert pending.subject["revision"] == 2
        first = of(run, "approval_required")[0].approval_id
        with pytest.raises(ApprovalError, match="withdrawn"):
            await runtime.respond_to_approval(first, "approve", principal="ana")
        await runtime.respond_to_approval(pending.approval_id, "approve", principal="ana")
        return await run

    run = asyncio.run(asyncio.wait_for(whole(), 20))
    [withdrawn] = of(run, "approval_withdrawn")
    assert withdrawn.reason == "a newer revision of the plan was stored"
    assert of(run, "approval_expired") == []
    assert "newer revision" in str(withdrawn)


def test_the_end_of_a_run_withdraws_what_it_asked() -> None:
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"))

    async def whole() -> Run[Any]:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        run.cancel("enough")
        async for _ in run:
            pass
        return run

    run = asyncio.run(whole())
    [withdrawn] = of(run, "approval_withdrawn")
    assert withdrawn.digest == of(run, "approval_required")[0].digest
    assert of(run, "approval_expired") == []
    with pytest.raises(ApprovalError, match="withdrawn"):
        runtime.blocking.respond_to_approval(withdrawn.approval_id, "approve", principal="ana")


@pytest.mark.parametrize(
    ("when", "asks"),
    [
        ("size(args.actions) > 1", True),
        ("size(args.actions) > 2", False),
        ("tool != 'execute_plan'", False),
        ("agent == 'scenario_executor' && tenant == 'acme'", True),
        ("args.actions[7].kind == 'price_change'", True),
    ],
)
def test_an_executors_own_rule_for_plans_is_evaluated(when: str, *, asks: bool) -> None:
    spec = announced(dispatched=dispatcher(), executor={"approval": {"plans": {"when": when}, "tools": "never"}})
    script = script_of((stored(price("a", 1), launched("b")), Says("stored")))
    played = play(spec, TestingConfig(script=script), ["approve", "approve"] if asks else ["approve"])
    assert len(played.asked) == 1 + asks
    assert played.shop.done == ["a=1", "launch b"]
    if asks:
        again = played.asked[1]
        assert (again.kind, again.tool, again.revision) == ("plan", "execute_plan", 1)
        stored_plan = played.of("plan_stored")[0]
        assert (again.subject["plan_id"], again.subject["digest"]) == (stored_plan.plan_id, stored_plan.digest)
        assert again.rule.startswith("agent: when ")
        assert len(again.cards) == 3


def test_the_event_and_the_list_show_one_subject() -> None:
    played = rejected_once()
    assert [each.subject for each in played.asked] == [each.subject for each in played.of("approval_required")]
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"))

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        required: Any = await until(run, "approval_required")
        [pending] = runtime.pending_approvals()
        assert pending.subject == required.subject == {"tool": "delete_row", "arguments": {"row": 1}}
        run.cancel()

    asyncio.run(whole())


def test_names_stay_readable_and_markup_does_not() -> None:
    body = {"product_id": 'O\'Brien & "Sons" <b>&lt; 50% `x`', "new_price": 1, "kind": "price_change"}
    spec = announced(dispatched=dispatcher())
    played = play(spec, TestingConfig(script=script_of((stored(body), Says("x")), ())), [Approve()])
    shown = played.asked[0].subject["body"]["actions"][0]["product_id"]
    assert shown == 'O\'Brien & "Sons" \\u003cb\\u003e\\u0026lt; 50% `x`'
    assert played.asked[0].cards[1]["arguments"]["product_id"] == shown


def test_the_reason_of_an_approval_is_kept_like_that_of_a_refusal() -> None:
    spec = announced(dispatched=dispatcher())
    played = play(spec, TestingConfig(script=script_of((stored(*TWO), Says("stored")))), [Approve(reason="as agreed")])
    history = played.runtime.plan(played.of("plan_stored")[0].plan_id).history
    assert [each.reason for each in history if each.event == "approve"] == ["as agreed"]
    assert [each.reason for each in played.of("approval_resolved")] == ["as agreed"]
