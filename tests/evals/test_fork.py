"""Counterfactual runs: another answer, another decision, a failing tool; writes do nothing unless allowed."""

from typing import Any

import pytest

from flowai.errors import ProgramError
from flowai.evals import fork
from flowai.interpreters import Eval, Run, Test
from flowai_harness import Calls, Fails, Reject, Says
from tests.evals import shop


def recorded() -> Run[Any]:
    interpreter = Eval(Test(script=shop.script(), decisions=["approve"]))
    run = shop.runtime().under(interpreter).blocking.run_specialist("clerk", "Order three red ones")
    shop.ordered.clear()
    return run


def position(run: Run[Any], effect: str, number: int = 0) -> str:
    asked = [entry["position"] for entry in run.recording if entry["record"] == "asked" and entry["effect"] == effect]
    return str(asked[number])


def forked(run: Run[Any], script: list[Any], *, at: str, **more: Any) -> Run[Any]:
    decisions = more.pop("decisions", ["approve"])
    return fork(run, shop.runtime(), Test(script=script, decisions=decisions, **more.pop("test", {})), at=at, **more)


def kinds(run: Run[Any]) -> list[str]:
    return [event.type for event in run.events]


def test_another_answer_of_a_model_leads_elsewhere() -> None:
    run = recorded()
    other = forked(run, [Says("nothing to order")], at=position(run, "CallModel", 1), decisions=[])
    assert (other.value, "tool_answered" in kinds(other)) == ("nothing to order", True)
    assert [event.tool for event in other.events if event.type == "tool_called"] == ["find"]


def test_a_write_that_the_recording_has_is_answered_by_it() -> None:
    run = recorded()
    other = forked(run, [Calls("order", sku="red-1", units=3), Says("done")], at=position(run, "CallModel", 1))
    assert other.value == "done"
    assert [event.result for event in other.events if event.type == "tool_answered"][-1] == "3 of red-1"
    assert shop.ordered == []


def test_another_write_is_refused_and_the_model_is_told() -> None:
    run = recorded()
    other = forked(run, [Calls("order", sku="red-1", units=9), Says("could not")], at=position(run, "CallModel", 1))
    assert other.value == "could not"
    (failed,) = [event for event in other.events if event.type == "tool_failed"]
    assert "in a fork writes do nothing" in failed.error.message
    assert shop.ordered == []


def test_a_write_happens_where_it_is_allowed() -> None:
    run = recorded()
    script = [Calls("order", sku="red-1", units=9), Says("done")]
    other = forked(run, script, at=position(run, "CallModel", 1), allow=["order"])
    assert (other.value, shop.ordered) == ("done", [("red-1", 9)])


def test_another_decision_leads_elsewhere() -> None:
    run = recorded()
    other = forked(run, [Says("then not")], at=position(run, "AwaitApproval"), decisions=[Reject("too many")])
    assert other.value == "then not"
    assert [event.decision for event in other.events if event.type == "approval_resolved"] == ["rejected"]


def test_a_failing_tool_leads_elsewhere() -> None:
    run = recorded()
    at = position(run, "CallTool")
    other = forked(run, [Says("no stock")], at=at, decisions=[], test={"faults": {"find": Fails("broken")}})
    assert other.value == "no stock"


def test_a_fork_names_its_parent_and_may_be_replayed() -> None:
    run = recorded()
    at = position(run, "CallModel", 1)
    other = forked(run, [Says("bye")], at=at, decisions=[])
    assert other.recording.records["parent"] == {"run_id": run.run_id, "position": at}
    assert other.run_id == f"{run.run_id}-fork-{at}"
    again = shop.runtime().under(Eval(Test()).replay(other.recording))
    assert again.blocking.run_specialist("clerk", "Order three red ones").value == "bye"


def test_a_fork_behind_an_approved_write_goes_on() -> None:
    run = recorded()
    other = forked(run, [Says("bye")], at=position(run, "CallModel", 2), decisions=[])
    assert other.value == "bye"
    assert [event.result for event in other.events if event.type == "tool_answered"][-1] == "3 of red-1"
    assert shop.ordered == []


def test_a_runtime_replays_a_recording_as_often_as_it_is_asked() -> None:
    runtime = shop.runtime().under(Eval(Test()).replay(recorded().recording))
    runs = [runtime.blocking.run_specialist("clerk", "Order three red ones") for _ in range(2)]
    assert [run.output for run in runs] == ["ordered 3", "ordered 3"]
    assert shop.ordered == []


def test_a_position_where_nothing_was_asked_is_refused() -> None:
    with pytest.raises(ProgramError, match="asked nothing at position 7") as caught:
        forked(recorded(), [], at="7")
    assert caught.value.hint is not None


def test_a_fork_at_any_position_lets_no_write_out() -> None:
    run = recorded()
    positions = dict.fromkeys(entry["position"] for entry in run.recording if entry["record"] == "asked")
    assert len(positions) == 6
    for at in positions:
        for script in ([*shop.script()], [Calls("order", sku="red-1", units=9), Says("no")], [Says("nothing")]):
            other = forked(run, script, at=at)
            assert other.events[0].type == "run_started"
            assert shop.ordered == []
