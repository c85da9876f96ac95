"""The current plan of a thread: one of each type."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel

from flowai.specs.runtime import RuntimeSpec
from flowai_harness import (
    Approve,
    Calls,
    Says,
    TaggedUnion,
    TestingConfig,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_runtime,
    define_tenant,
)
from tests.harness.scenario import Played, PriceChange, PromotionLaunch, dispatcher, play, price, scenario_plan, stored


class OtherPlan(BaseModel):
    actions: list[Annotated[PriceChange | PromotionLaunch, TaggedUnion]]


def two_types() -> RuntimeSpec:
    """Return two planners of different plans, and the executor of the first."""
    other = define_plan(name="OtherPlan", schema=OtherPlan)
    common: dict[str, Any] = {"model": "m", "prompt": "p"}
    agents = [
        define_coordinator(name="desk", routes=["one", "two", "executor"], **common),
        define_planner(name="one", plan=scenario_plan, approval={"plans": "always"}, **common),
        define_planner(name="two", plan=other, approval={"plans": "never"}, **common),
        define_executor(name="executor", plan=scenario_plan, dispatcher=dispatcher(), **common),
    ]
    return define_runtime(tenant=define_tenant("acme", "v1"), agents=agents)


def played(*agents: str, one: tuple[Any, ...]) -> Played:
    script = {
        "desk": [*[Calls("call_agent", agent=agent, message="go") for agent in agents], Says("done")],
        "one": [step for body in one for step in (stored(body), Says("stored"))],
        "two": [Calls("store_plan", plan={"actions": []}), Says("stored")],
        "executor": [Calls("execute_plan"), Says("executed")],
    }
    return play(two_types(), TestingConfig(script=script), [Approve()] * len(one))


def test_the_plan_of_another_type_is_not_in_the_way() -> None:
    assert played("one", "two", "executor", one=(price("a", 1),)).shop.done == ["a=1"]


def test_a_planner_that_stores_again_revises_its_own_plan() -> None:
    story = played("one", "two", "one", "executor", one=(price("a", 1), price("b", 2)))
    plans = [(each.plan, each.revision) for each in story.of("plan_stored")]
    assert plans == [("ScenarioPlan", 1), ("OtherPlan", 1), ("ScenarioPlan", 2)]
    assert len({each.plan_id for each in story.of("plan_stored")}) == 2
    assert "r2 APPROVED → DRAFT by planner one" in story.steps()
    assert story.shop.done == ["b=2"]
