"""Policy: from broad to specific, later wins, floors stay, and what cannot be evaluated asks."""

from typing import Any

import pytest

from flowai_harness import (
    Calls,
    Says,
    SpecError,
    TestingConfig,
    create_runtime,
    define_coordinator,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.harness.desk import Rows, asked, desk, of, write_row


def rule_of(**options: Any) -> tuple[str, str]:
    """Return the rule for `write_row` of the clerk and who set it."""
    row = create_runtime(desk(**options), testing=TestingConfig(script=[])).explain_policy().of("clerk", "write_row")
    return row.rule, row.source


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("never", "runtime_default")),
        ({"approval": {"tools": "always"}}, ("always", "runtime_default")),
        ({"approval": {"tools": "always"}, "coordinator": {"approval": {"tools": "never"}}}, ("never", "coordinator")),
        ({"coordinator": {"approval": {"tools": "always"}}}, ("always", "coordinator")),
    ],
)
def test_the_broad_rules(options: Any, expected: tuple[str, str]) -> None:
    assert rule_of(**options) == expected


def agent_rule(agent: Any, tool: Any = None) -> tuple[str, str]:
    clerk = define_specialist(
        name="clerk", model="m", prompt="x", tools=[write_row], approval=agent, tool_approvals=tool or {}
    )
    coordinator = define_coordinator(name="desk", model="m", prompt="x", routes=["clerk"], approval={"tools": "always"})
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[coordinator, clerk])
    row = create_runtime(spec, testing=TestingConfig(script=[])).explain_policy().of("clerk", "write_row")
    return row.rule, row.source


def test_an_agent_overrides_its_coordinator_and_a_tool_its_agent() -> None:
    assert agent_rule(None) == ("always", "coordinator")
    assert agent_rule({"tools": "never"}) == ("never", "agent")
    assert agent_rule({"tools": "never"}, {"write_row": "always"}) == ("always", "tool_approval")
    assert agent_rule({"tools": "always"}, {"write_row": "never"}) == ("never", "tool_approval")


def test_a_tools_own_always_is_a_floor() -> None:
    run = asked_for(2, tools="delete", tool_approvals={"delete_row": "never"})
    assert of(run, "approval_required")[0].rule == "tool: always"


def asked_for(row: int, *, tools: str = "write", decisions: Any = ("approve",), **options: Any) -> Any:
    script = {"clerk": [Calls(f"{tools}_row", row=row), Says("done")]}
    testing = TestingConfig(script=script, decisions=decisions)
    return asked(create_runtime(desk(**options), Rows(), testing=testing), principal="ana")


@pytest.mark.parametrize(
    ("when", "row", "asks"),
    [
        ("args.row > 100", 101, True),
        ("args.row > 100", 100, False),
        ('tool == "write_row" && agent == "clerk"', 1, True),
        ('tenant == "acme"', 1, True),
        ('tenant == "other"', 1, False),
        ('principal == "ana"', 1, True),
        ('args.text.contains("x") || args.row == 3', 3, True),
        ("args.row / 0 == 1", 1, True),
        ("args.row", 1, True),
        ('"yes"', 1, True),
    ],
)
def test_an_expression_decides_and_what_cannot_be_evaluated_asks(when: str, row: int, *, asks: bool) -> None:
    run = asked_for(row, decisions=["approve"] if asks else [], tool_approvals={"write_row": {"when": when}})
    assert len(of(run, "approval_required")) == int(asks)
    assert run.output == "done"
    assert len(of(run, "tool_called")) == 1


def test_an_expression_that_is_none_is_refused_when_the_runtime_is_defined() -> None:
    with pytest.raises(SpecError) as caught:
        desk(tool_approvals={"write_row": {"when": "args.row >"}})
    assert "write_row" in str(caught.value)


def test_an_expression_over_a_field_that_the_tool_lacks_is_refused() -> None:
    with pytest.raises(SpecError, match=r"args\.nothing"):
        desk(tool_approvals={"write_row": {"when": "args.nothing > 1"}})


def test_an_expression_may_expire_sooner() -> None:
    run = asked_for(1, tool_approvals={"write_row": {"when": "true", "expires_in": "1h"}})
    [required] = of(run, "approval_required")
    assert required.expires_at - required.at == 3_600_000


def test_a_week_is_the_usual_time_to_answer() -> None:
    [required] = of(asked_for(1, tools="delete"), "approval_required")
    assert required.expires_at - required.at == 7 * 86_400_000


def test_the_explanation_prints_as_a_table() -> None:
    runtime = create_runtime(desk(tool_approvals={"write_row": "always"}), testing=TestingConfig(script=[]))
    lines = str(runtime.explain_policy()).splitlines()
    assert len(lines) == len(runtime.explain_policy())
    assert any("write_row" in line and "always" in line and "tool_approval" in line for line in lines)


def test_a_rule_on_arguments_sees_defaults_too() -> None:
    @define_tool(access="write_once")
    def send(to: str, copies: int = 5) -> str:
        """Send it."""
        return "sent"

    testing = TestingConfig(script={"clerk": [Calls("send", to="ana"), Says("done")]}, decisions=["approve"])
    runtime = create_runtime(
        desk(tools=[send], tool_approvals={"send": {"when": "args.copies > 3"}}), Rows(), testing=testing
    )
    assert len(of(asked(runtime), "approval_required")) == 1
