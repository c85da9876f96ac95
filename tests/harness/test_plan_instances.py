"""Programs that store, approve and load plans see typed instances."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from flowai import AdvancePlan, Do, LoadPlan, Plans, StorePlan, catch, program, pure
from flowai.effects import PlanInstance
from flowai.errors import ApprovalRejected, PlanError, ValueNotJson
from flowai.interpreters import Eval, Test
from flowai_harness import Approve, Reject
from tests.harness.scenario import PriceChange, ScenarioPlan, scenario_plan

BODY = ScenarioPlan(actions=[PriceChange(product_id="red-1", new_price=9)])
Stages = list[PlanInstance[ScenarioPlan]]


@program
def lifecycle() -> Do[Plans, Stages]:
    """Take a plan from its draft to its end."""
    draft = yield from StorePlan(scenario_plan, BODY)
    again = yield from StorePlan(scenario_plan, ScenarioPlan(actions=BODY.actions, rationale="better"))
    approved = yield from AdvancePlan(again, "APPROVED")
    executing = yield from AdvancePlan(approved, "EXECUTING")
    executed = yield from AdvancePlan(executing, "EXECUTED")
    return [draft, again, approved, executing, executed, (yield from LoadPlan(scenario_plan, executed.plan_id))]


def test_every_step_answers_with_a_typed_instance() -> None:
    stages = Test(decisions=[Approve()]).run(lifecycle()).value
    assert [each.status for each in stages] == ["DRAFT", "DRAFT", "APPROVED", "EXECUTING", "EXECUTED", "EXECUTED"]
    assert [each.revision for each in stages] == [1, 2, 2, 2, 2, 2]
    assert {each.plan_id for each in stages} == {stages[0].plan_id}
    assert {each.plan for each in stages} == {"ScenarioPlan"}
    assert stages[0].digest != stages[1].digest == stages[5].digest
    assert [each.body.rationale for each in stages] == ["because"] + ["better"] * 5
    assert all(isinstance(each.body, ScenarioPlan) for each in stages)
    assert (stages[0].actions[0].kind, stages[0].actions[0].index) == ("price_change", 0)


def test_a_recorded_lifecycle_is_replayed_with_equal_instances() -> None:
    first = Eval(Test(decisions=[Approve()])).run(lifecycle())
    again = Eval(Test()).replay(first.recording).run(lifecycle())
    assert again.value == first.value
    assert isinstance(again.value[2].body, ScenarioPlan)


def test_an_edit_is_in_the_body_of_the_approved_instance() -> None:
    stages = Test(decisions=[Approve(edits={"rationale": "edited"})]).run(lifecycle()).value
    assert (stages[2].revision, stages[2].body.rationale) == (3, "edited")


@program
def approved(plan: PlanInstance[Any] | str) -> Do[Plans, PlanInstance[Any]]:
    """Approve a plan that is named."""
    return (yield from AdvancePlan(plan, "APPROVED"))


@program
def by_its_id() -> Do[Plans, Any]:
    """Store a plan and go on with its id alone."""
    draft = yield from StorePlan(scenario_plan, BODY)
    return (yield from AdvancePlan(draft.plan_id, "APPROVED"))


def test_a_plan_that_is_named_by_its_id_has_a_body_in_json() -> None:
    answered = Test(decisions=[Approve()]).run(by_its_id()).value
    assert answered.status == "APPROVED"
    assert answered.body["actions"][0]["product_id"] == "red-1"


def test_a_refusal_and_a_step_that_is_not_in_the_table_are_errors() -> None:
    with pytest.raises(ApprovalRejected, match="no"):
        _ = Test(decisions=[Reject("no")]).run(by_its_id()).value
    assert Test().run(catch(approved("plan_x"), lambda _: pure("none"), on=PlanError)).value == "none"


def test_an_instance_is_frozen_and_compares_by_what_is_stored() -> None:
    one, other = (Test(decisions=[Approve()]).run(lifecycle()).value[0] for _ in range(2))
    assert one == other
    with pytest.raises(FrozenInstanceError):
        one.status = "APPROVED"  # type: ignore[misc]


@pytest.mark.parametrize("written", [{}, {"plan_id": "p"}, {**StorePlan(scenario_plan, BODY).encode(), "x": 1}])
def test_what_is_no_stored_plan_is_refused(written: Any) -> None:
    with pytest.raises(ValueNotJson, match="not a stored plan"):
        StorePlan(scenario_plan, BODY).codec.decode(written)
