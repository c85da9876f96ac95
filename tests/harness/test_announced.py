"""The announced coordinator, planner and executor together: the plan waits for a human."""

from flowai.events import ApprovalRequired
from flowai_harness import Calls, Says, TestingConfig
from tests.harness.scenario import PLANNED, TWO, announced, dispatcher, play, script_of, stored


def test_the_plan_waits_although_the_executor_says_never() -> None:
    spec = announced(dispatched=dispatcher())
    played = play(spec, TestingConfig(script=script_of(PLANNED)), ["approve"])
    assert played.run.output == "done"
    assert played.shop.done == ["red-1=9", "launch red-2"]
    [asked] = [event for event in played.events if isinstance(event, ApprovalRequired)]
    assert (asked.kind, asked.agent, asked.rule) == ("plan", "scenario_planner", "coordinator: always")
    types = [event.type for event in played.events]
    assert types.index("run_paused") < types.index("run_resumed") < types.index("action_started")


def test_nothing_runs_before_the_answer() -> None:
    seen: list[list[str]] = []
    spec = announced(dispatched=dispatcher())
    played = play(spec, TestingConfig(script=script_of(PLANNED)), [lambda _: (seen.append([]), "approve")[1]])
    before = played.events[: [event.type for event in played.events].index("approval_resolved")]
    assert [event.type for event in before if event.type in {"tool_called", "action_started"}] == []
    assert seen == [[]]


def test_the_plan_moves_along_its_table() -> None:
    played = play(announced(dispatched=dispatcher()), TestingConfig(script=script_of(PLANNED)), ["approve"])
    assert played.steps() == [
        "r1 DRAFT → APPROVED by human ana",
        "r1 APPROVED → EXECUTING by executor scenario_executor",
        "r1 EXECUTING → EXECUTED by runtime",
    ]


def test_a_reviewer_sees_cards() -> None:
    played = play(announced(dispatched=dispatcher()), TestingConfig(script=script_of(PLANNED)), ["approve"])
    goal, first, second = played.asked[0].cards
    assert goal["plan"] == "ScenarioPlan"
    assert goal["revision"] == 1
    assert (first["kind"], first["access"], first["tool"]) == ("price_change", "write_once", "change_price")
    assert first["undo"] != "cannot be undone"
    assert second["undo"] == "cannot be undone"
    assert second["arguments"] == TWO[1]


def test_an_execution_before_the_approval_is_refused() -> None:
    spec = announced(dispatched=dispatcher())
    steps = [Calls("execute_plan"), Says("nothing to do")]
    script = {
        "scenario_coordinator": [Calls("call_agent", agent="scenario_executor", message="run"), Says("done")],
        "scenario_executor": steps,
    }
    played = play(spec, TestingConfig(script=script))
    assert played.shop.done == []
    assert played.of("action_started") == []


def test_a_rejected_plan_is_never_executed() -> None:
    spec = announced(dispatched=dispatcher())
    script = script_of((stored(*TWO), Says("rejected")))
    played = play(spec, TestingConfig(script=script), ["reject"])
    assert played.shop.done == []
    assert played.of("action_started") == []
    assert played.run.output == "done"
