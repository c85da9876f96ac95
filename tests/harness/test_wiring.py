"""Wiring: everything that is wrong is said at once, with hints; what only looks wrong is a warning."""

from typing import Any

import pytest
from pydantic import BaseModel

from flowai_harness import (
    SpecError,
    TestingConfig,
    create_runtime,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.harness.desk import delete_row, read_row
from tests.harness.scenario import scenario_plan


class OtherPlan(BaseModel):
    steps: list[str]


other_plan = define_plan(name="OtherPlan", schema=OtherPlan)


@define_tool
def unmarked(row: int) -> str:
    """Do something."""
    return "x"


def clerk(name: str = "clerk", **options: Any) -> Any:
    return define_specialist(name=name, model="m", prompt="x", **options)


def desk(*routes: str, name: str = "desk", **options: Any) -> Any:
    return define_coordinator(name=name, model="m", prompt="x", routes=routes or ("clerk",), **options)


def faults_of(*agents: Any) -> str:
    with pytest.raises(SpecError) as caught:
        define_runtime(tenant=define_tenant("acme", "v1"), agents=agents)
    assert all(fault.hint for fault in caught.value.faults), caught.value.faults
    return str(caught.value)


@pytest.mark.parametrize(
    ("agents", "message"),
    [
        ([desk("clrk"), clerk()], r"`clrk`"),
        ([desk("clrk"), clerk()], r"did you mean `clerk`"),
        ([desk(), clerk(tools=[delete_row], tool_approvals={"delete_rwo": "always"})], "did you mean `delete_row`?"),
        ([desk(), desk(name="desk_two"), clerk()], "coordinator"),
        ([desk(), clerk(), clerk()], "`clerk`"),
        ([desk(tools=[delete_row]), clerk()], "`delete_row`"),
        ([desk(tools=[unmarked]), clerk()], "access"),
        (
            [clerk(tools=[delete_row], tool_approvals={"delete_row": {"when": "args.rwo > 1"}})],
            "rwo",
        ),
        (
            [
                define_planner(name="p", model="m", prompt="x", plan=scenario_plan),
                define_executor(name="e", model="m", prompt="x", plan=other_plan),
            ],
            "OtherPlan",
        ),
        ([define_planner(name="p", model="m", prompt="x", plan=scenario_plan, tools=[delete_row])], "`delete_row`"),
    ],
)
def test_a_fault_is_named(agents: list[Any], message: str) -> None:
    assert message in faults_of(*agents)


def test_all_faults_are_listed_at_once() -> None:
    told = faults_of(
        desk("clrk", tools=[delete_row]), clerk(tools=[read_row], tool_approvals={"red_row": "always"}), clerk()
    )
    for word in ("clrk", "delete_row", "red_row", "clerk"):
        assert word in told


def test_faults_of_the_parts_and_of_the_wiring_are_listed_together() -> None:
    options: Any = {"providers": {"anthropic": {"apikey": "x"}}, "budget": 3, "approval": {"tols": "never"}}
    with pytest.raises(SpecError) as caught:
        define_runtime(tenant=define_tenant("acme", "v1"), agents=[desk("clrk"), clerk()], **options)
    for word in ("apikey", "budget", "tols", "clrk"):
        assert word in str(caught.value)


def warnings_of(*agents: Any) -> str:
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=agents)
    return "\n".join(map(str, create_runtime(spec, testing=TestingConfig(mock_response="x")).warnings))


def test_an_agent_that_nothing_reaches_is_a_warning() -> None:
    assert "alone" in warnings_of(desk(), clerk(), clerk("alone"))
    assert warnings_of(desk(), clerk()) == ""


def test_a_write_that_nothing_covers_is_a_warning() -> None:
    @define_tool(access="write_once")
    def wipe(row: int) -> str:
        """Wipe."""
        return "x"

    assert "wipe" in warnings_of(desk(), clerk(tools=[wipe]))
    assert "wipe" not in warnings_of(desk(), clerk(tools=[wipe], tool_approvals={"wipe": "always"}))
    assert warnings_of(desk(), clerk(tools=[delete_row])) == ""


def test_the_announced_executor_may_approve_a_catalog_tool_that_it_lacks() -> None:
    executor = define_executor(
        name="e", model="m", prompt="x", plan=scenario_plan, tool_approvals={"execute_query": "always"}
    )
    planner = define_planner(name="p", model="m", prompt="x", plan=scenario_plan)
    assert "execute_query" in warnings_of(desk("p", "e"), planner, executor)


def test_a_dispatcher_that_misses_an_action_is_a_fault() -> None:
    from flowai_harness import ActionDispatcher
    from tests.harness.scenario import PriceChange

    half = ActionDispatcher(scenario_plan)

    @half.on(PriceChange, access="write_once")
    def change(action: PriceChange) -> str:
        return "x"

    del change
    with pytest.raises(SpecError, match="promotion_launch"):
        define_runtime(
            tenant=define_tenant("acme", "v1"),
            agents=[define_executor(name="e", model="m", prompt="x", plan=scenario_plan, dispatcher=half)],
        )


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"anthropic": {"apiKy": "k"}}, "apiKy"),
        ({"anthropic": {"apiKey": "k", "api_key": "k"}}, "twice"),
        ({"anthropic": {"timeoutS": "soon"}}, "timeoutS"),
        ({"anthropic": "k"}, "mapping"),
    ],
)
def test_a_provider_is_checked(written: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        define_runtime(tenant=define_tenant("acme", "v1"), agents=[clerk()], providers=written)
    assert "'k'" not in str(caught.value)


def test_both_spellings_of_a_provider_work() -> None:
    for key in ("apiKey", "api_key"):
        providers: Any = {"anthropic": {key: "k"}}
        spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[clerk()], providers=providers)
        assert "k" not in repr(spec.providers).replace("api_key", "")
