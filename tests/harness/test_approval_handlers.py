"""Handlers that answer in place of a human: told, checked and named like any decision, and never a human's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowai import AwaitApproval, CallTool
from flowai.errors import ApprovalError, ApprovalRejected
from flowai.interpreters import Test
from flowai_harness import Approve, Reject, Says, create_runtime, define_tool
from tests.harness.scenario import Shop, announced, dispatcher, price, script_of, stored

Handler = Callable[[Any], Any]


def answering(handler: Handler, **options: Any) -> Any:
    """Return an interpreter whose approvals a handler answers."""
    interpreter: Any = Test(**options)
    return interpreter.handling(AwaitApproval, handler)


def ran_by(handler: Handler) -> tuple[Any, list[int]]:
    """Return the run of one gated call, and what was deleted."""
    rows: list[int] = []

    @define_tool(access="write_once", approval="always")
    def wipe(row: int) -> str:
        rows.append(row)
        return "gone"

    return answering(handler).run(CallTool(wipe, row=1)), rows


@pytest.mark.parametrize(
    ("answer", "row"),
    [(Approve(), 1), (Approve(edits={"row": 9}), 9), ({"row": 1}, 1), ({"row": 9}, 9)],
    ids=["approve", "edits", "as it is", "another"],
)
def test_a_handler_lets_a_call_out_as_it_approves_it(answer: Any, row: int) -> None:
    run, rows = ran_by(lambda _: answer)
    assert rows == [row]
    asked, resolved = [each for each in run.events if each.type.startswith("approval_")]
    assert (asked.kind, asked.subject) == ("tool", {"tool": "wipe", "arguments": {"row": 1}})
    assert (resolved.decision, resolved.principal, resolved.edited) == ("approved", "handler", row == 9)


def test_a_handler_refuses_with_a_reason() -> None:
    run, rows = ran_by(lambda _: Reject("too late"))
    assert rows == []
    with pytest.raises(ApprovalRejected, match="too late"):
        _ = run.value
    assert [each.reason for each in run.events if each.type == "approval_resolved"] == ["too late"]


@pytest.mark.parametrize("answer", [Approve(edits={"row": "x"}), {"row": 1, "col": 2}, Approve(actions=[0])])
def test_what_does_not_fit_lets_nothing_out(answer: Any) -> None:
    run, rows = ran_by(lambda _: answer)
    assert rows == []
    with pytest.raises(ApprovalError):
        _ = run.value


def test_a_program_goes_on_with_the_subject_that_its_handler_gives() -> None:
    tests: list[tuple[Any, Any, Any]] = [(3, 4, 4), ({"a": 1, "b": 2}, {"a": 1}, {"a": 1}), ("x", Approve(), "x")]
    for subject, answer, expected in tests:
        run = answering(lambda _, answer=answer: answer).run(AwaitApproval("t", subject))
        assert run.result.unwrap() == expected
        assert run.events[1].type == "approval_required"


def planned(handler: Handler) -> tuple[Any, Shop]:
    shop = Shop()
    planner = (stored(price("a", 100)), Says("stored"))
    interpreter = answering(handler, script=script_of(planner))
    runtime = create_runtime(announced(dispatched=dispatcher()), shop, interpreter=interpreter)
    return runtime.blocking.query("x", thread_id="t"), shop


def by_whom(run: Any) -> list[str]:
    return [f"{each.before} → {each.after} by {each.by}" for each in run.events if each.type == "plan_changed"]


def test_a_plan_that_a_handler_approves_is_not_approved_by_a_human() -> None:
    run, shop = planned(lambda _: Approve(edits={0: {"new_price": 7}}))
    assert shop.done == ["a=7"]
    assert by_whom(run)[0] == "DRAFT → APPROVED by handler"
    assert [each.kind for each in run.events if each.type == "approval_required"] == ["plan"]


def test_a_plan_that_a_handler_refuses_does_not_run() -> None:
    run, shop = planned(lambda _: Reject("no"))
    assert shop.done == []
    assert [each.reason for each in run.events if each.type == "approval_resolved"] == ["no"]
    assert "EXECUTING" not in str(by_whom(run))


@pytest.mark.parametrize("actions", [[{"kind": "price_change", "product_id": "a", "new_price": -5}], [{"kind": "x"}]])
def test_a_handler_cannot_make_a_plan_that_does_not_fit(actions: Any) -> None:
    run, shop = planned(lambda asked: {**asked.subject, "actions": actions})
    assert shop.done == []
    assert by_whom(run) == []
