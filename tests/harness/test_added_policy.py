"""What an interpreter adds to a policy: it asks more, never less."""

from typing import Any

import pytest

from flowai import CallModel, CallTool
from flowai.errors import ApprovalRejected, SpecError
from flowai.interpreters import Eval, Live, Test
from flowai_harness import Approve, Calls, Reject, Runtime, Says, create_runtime, define_tool
from tests.harness.desk import Rows, asked, desk, of, read_row
from tests.harness.scenario import PLANNED, Shop, announced, dispatcher, script_of

WRITES: Any = {"clerk": [Calls("write_row", row=1), Says("done")]}


def runtime_of(policy: Any, script: Any = None, decisions: Any = (), services: Any = None, **clerk: Any) -> Runtime:
    test = Test(script=script or WRITES, decisions=decisions, policy=policy)
    return create_runtime(desk(**clerk), services or Rows(), interpreter=test)


@pytest.mark.parametrize(
    "policy",
    [
        {"tools": "always"},
        {"tools": {"when": "args.row == 1"}},
        {"tool_approvals": {"write_row": "always"}},
        {"agents": {"clerk": {"tools": "always"}}},
        {"agents": {"clerk": {"tool_approvals": {"write_row": {"when": "args.row == 1", "expires_in": "1h"}}}}},
    ],
)
def test_an_added_rule_asks_where_the_runtime_does_not(policy: Any) -> None:
    rows = Rows()
    run = asked(runtime_of(policy, decisions=[Reject("no")], services=rows))
    [required] = of(run, "approval_required")
    assert required.rule.startswith("interpreter: ")
    assert rows.done == []
    rows = Rows()
    assert asked(runtime_of(policy, decisions=[Approve()], services=rows)).output == "done"
    assert rows.done == ["wrote 1"]


@pytest.mark.parametrize(
    "policy", [{"tools": "never"}, {"tool_approvals": {"write_row": "never", "delete_row": "never"}}, {}]
)
@pytest.mark.parametrize("own", [{"tool_approvals": {"write_row": "always"}}, {"approval": {"tools": "always"}}])
def test_an_added_never_silences_nothing(policy: Any, own: Any) -> None:
    rows = Rows()
    run = asked(runtime_of(policy, decisions=[Reject("no")], services=rows, **own))
    assert len(of(run, "approval_required")) == 1
    assert rows.done == []


def test_a_floor_stays_under_an_added_never() -> None:
    script: Any = {"clerk": [Calls("delete_row", row=1), Says("done")]}
    run = asked(runtime_of({"tool_approvals": {"delete_row": "never"}}, script, [Reject("no")]))
    assert [each.rule for each in of(run, "approval_required")] == ["tool: always"]


def test_a_built_in_tool_is_gated_only_by_its_name() -> None:
    for policy, count in [({"tools": "always"}, 0), ({"tool_approvals": {"call_agent": "always"}}, 1)]:
        script: Any = {"desk": [Calls("call_agent", agent="clerk", message="x"), Says("y")], "clerk": [Says("z")]}
        runtime = runtime_of(policy, script, [Approve()] * count)
        run = runtime.blocking.query("go", thread_id="t")
        assert run.output == "y"
        assert len(of(run, "approval_required")) == count


def test_an_added_rule_asks_about_a_plan_that_nobody_asked_about() -> None:
    spec = announced(planner={"approval": {"plans": "never"}}, dispatched=dispatcher())
    policies: list[tuple[Any, int]] = [(None, 0), ({"plans": "never"}, 0), ({"plans": "always"}, 1)]
    for policy, asks in policies:
        test = Test(script=script_of(PLANNED), decisions=[Approve()] * asks, policy=policy)
        run = create_runtime(spec, Shop(), interpreter=test).blocking.query("go", thread_id="t")
        assert [each.kind for each in of(run, "approval_required")] == ["plan"] * asks


def test_an_executor_that_is_named_asks_once_more() -> None:
    policy: Any = {"agents": {"scenario_executor": {"plans": "always"}}}
    test = Test(script=script_of(PLANNED), decisions=[Approve(), Approve()], policy=policy)
    run = create_runtime(announced(dispatched=dispatcher()), Shop(), interpreter=test).blocking.query(
        "go", thread_id="t"
    )
    assert [each.kind for each in of(run, "approval_required")] == ["plan", "plan"]


@define_tool(access="write_once")
def stamp(page: int) -> str:
    """Stamp a page."""
    return f"stamped {page}"


@pytest.mark.parametrize(("policy", "asks"), [({"tools": "always"}, 1), ({"tool_approvals": {"stamp": "always"}}, 1)])
def test_a_bare_interpreter_asks_for_programs(policy: Any, asks: int) -> None:
    assert Test().run(CallTool(stamp, page=1)).value == "stamped 1"
    run = Test(decisions=[Reject("no")], policy=policy).run(CallTool(stamp, page=1))
    with pytest.raises(ApprovalRejected):
        _ = run.value
    assert len(of(run, "approval_required")) == asks
    wrapped = Eval(Test(decisions=[Reject("no")], policy=policy)).run(CallTool(stamp, page=1))
    assert [event.model_dump() for event in wrapped.events] == [event.model_dump() for event in run.events]


def _gateway(_: object) -> str:
    return "hello"


def test_live_takes_a_policy_too() -> None:
    live: Any = Live(policy={"tool_approvals": {"read_row": "always"}})
    # A gateway stands in for the provider of the desk's models.
    runtime = create_runtime(desk(), Rows(), interpreter=live.handling(CallModel, _gateway))

    def reviewed(run: Any) -> None:
        for each in runtime.pending_approvals():
            runtime.blocking.respond_to_approval(each.approval_id, "reject", principal="ana")
        run.wait()

    run = runtime.run_program(CallTool(read_row, row=1))
    reviewed(run)
    with pytest.raises(ApprovalRejected):
        _ = run.value


@pytest.mark.parametrize(
    ("policy", "told", "hint"),
    [
        ({"tool_approvals": {"write_rwo": "always"}}, "unknown tool `write_rwo`", "did you mean `write_row`?"),
        ({"agents": {"clrek": {"tools": "always"}}}, "unknown agent `clrek`", "did you mean `clerk`?"),
        ({"agents": {"desk": {"tool_approvals": {"write_row": "always"}}}}, "unknown tool `write_row`", "call_agent"),
        ({"tool_approvals": {"write_row": {"when": "args.rwo > 1"}}}, "no field `rwo`", "did you mean `row`?"),
    ],
)
@pytest.mark.parametrize("interpreter", [Live, Test])
def test_a_rule_about_nothing_is_an_error(interpreter: Any, policy: Any, told: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        create_runtime(desk(), Rows(), interpreter=interpreter(policy=policy))
    [fault] = caught.value.faults
    assert told in fault.message
    assert hint in str(fault.hint)


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"tool": "always"}, "did you mean `tools`?"),
        ({"tools": "alwyas"}, "not an approval rule"),
        ({"tools": {"when": "args."}}, "CEL"),
        ({"tools": {"when": "arg.x"}}, "did you mean `args`?"),
        ({"agents": {"clerk": {"agents": {}}}}, "unknown key `agents`"),
        ({"tool_approvals": ["write_row"]}, "is not a mapping"),
        ("always", "is not a mapping"),
    ],
)
def test_what_is_no_policy_is_refused_at_once(policy: Any, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        Live(policy=policy)
    assert told in str(caught.value)


def test_an_explanation_shows_what_was_added() -> None:
    policy: Any = {"tools": {"when": "args.row == 1"}, "agents": {"clerk": {"tool_approvals": {"read_row": "always"}}}}
    explained = runtime_of(policy).explain_policy()
    assert (explained.of("clerk", "read_row").rule, explained.of("clerk", "read_row").source) == (
        "always",
        "interpreter",
    )
    assert explained.of("clerk", "write_row").rule == "args.row == 1"
    assert explained.of("clerk", "delete_row").rule == "always"
    assert explained.of("clerk", "delete_row").also == ("runtime_default: never", "interpreter: args.row == 1")
    assert "interpreter" in str(explained)
    assert explained.of("desk", "call_agent").rule == "never"
