"""Plans of every shape that pydantic writes: nested, listed, enumerated, recursive."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

from flowai_harness import (
    ActionDispatcher,
    Calls,
    Says,
    TaggedUnion,
    TestingConfig,
    create_runtime,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_runtime,
    define_tenant,
)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Step(BaseModel):
    name: str


class Budget(BaseModel):
    limit: float


class Paint(BaseModel):
    kind: Literal["paint"] = "paint"
    colour: Colour


class Sand(BaseModel):
    kind: Literal["sand"] = "sand"
    grit: int


class Listed(BaseModel):
    actions: list[Step]


class Nested(BaseModel):
    budget: Budget


class Enumerated(BaseModel):
    colour: Colour


class Tagged(BaseModel):
    actions: list[Annotated[Paint | Sand, TaggedUnion]]


class Tree(BaseModel):
    name: str
    under: list[Tree] = []


SHAPES: list[tuple[type[BaseModel], Any, Any]] = [
    (Listed, {"actions": [{"name": "open"}]}, {"actions": [{"title": "open"}]}),
    (Nested, {"budget": {"limit": 3.5}}, {"budget": {"limit": "much"}}),
    (Enumerated, {"colour": "red"}, {"colour": "green"}),
    (Tagged, {"actions": [{"kind": "paint", "colour": "blue"}]}, {"actions": [{"kind": "paint", "colour": "green"}]}),
    (Tree, {"name": "a", "under": [{"name": "b", "under": []}]}, {"name": "a", "under": [{"name": 1}]}),
]


@pytest.mark.parametrize(("schema", "good", "bad"), SHAPES, ids=[each[0].__name__ for each in SHAPES])
def test_a_plan_of_any_shape_is_stored_and_a_misfit_goes_back_to_the_model(
    schema: type[BaseModel], good: Any, bad: Any
) -> None:
    plan = define_plan(name=schema.__name__, schema=schema)
    planner = define_planner(name="planner", model="m", prompt="Plan.", plan=plan, approval={"plans": "never"})
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[planner])
    steps = [Calls("store_plan", plan=bad), Calls("store_plan", plan=good), Says("stored")]
    run = create_runtime(spec, testing=TestingConfig(script=steps)).blocking.run_specialist(
        "planner", "go", thread_id="t"
    )
    assert [each.body for each in run.events if each.type == "plan_stored"] == [good]


def test_an_enumerated_action_is_performed_as_its_type() -> None:
    plan = define_plan(name="Tagged", schema=Tagged)
    painted: list[Any] = []
    actions: ActionDispatcher[Tagged] = ActionDispatcher(plan)

    @actions.on(Paint, access="write_once")
    def paint(action: Paint) -> str:
        painted.append(action.colour)
        return "done"

    @actions.on(Sand, access="write_once")
    def sand(action: Sand) -> str:
        return "done"

    del paint, sand
    agents = [
        define_coordinator(name="coordinator", model="m", prompt="Route.", routes=["planner", "executor"]),
        define_planner(name="planner", model="m", prompt="Plan.", plan=plan, approval={"plans": "never"}),
        define_executor(name="executor", model="m", prompt="Do.", plan=plan, dispatcher=actions),
    ]
    script = {
        "coordinator": [
            Calls("call_agent", agent="planner", message="plan"),
            Calls("call_agent", agent="executor", message="do"),
            Says("done"),
        ],
        "planner": [Calls("store_plan", plan={"actions": [{"kind": "paint", "colour": "blue"}]}), Says("stored")],
        "executor": [Calls("execute_plan"), Says("done")],
    }
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=agents)
    create_runtime(spec, testing=TestingConfig(script=script)).blocking.query("go", thread_id="t")
    assert painted == [Colour.BLUE]
