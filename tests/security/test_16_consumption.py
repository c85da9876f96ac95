"""Row 16: an agent that would go on for ever is stopped, and a limit adds no effect."""

from dataclasses import replace
from typing import Any

import pytest

from flowai.errors import Crashed, LimitReached, ToolArgumentsInvalid
from flowai.interpreters import Crashes
from flowai_harness import Budget, Calls, TestingConfig, create_runtime, define_tool
from tests.harness.desk import Rows, asked, clerk_runtime, desk, of


def test_steps_are_counted_and_nothing_runs_past_the_limit() -> None:
    rows = Rows()
    run = asked(clerk_runtime(*[Calls("read_row", row=1)] * 5, max_steps=5, services=rows))
    with pytest.raises(LimitReached):
        _ = run.value
    assert len(rows.done) <= 5
    assert len(of(run, "model_called")) == 5


def test_agents_that_call_each_other_are_no_circle() -> None:
    script: dict[str, list[Any]] = {
        "desk": [Calls("call_agent", agent="desk", message="again"), "done"],
        "clerk": [],
    }
    run = create_runtime(desk(), Rows(), testing=TestingConfig(script=script)).blocking.query("go", thread_id="t")
    assert [each.callee for each in of(run, "agent_called")] == ["desk"]


def test_repairs_are_counted() -> None:
    run = asked(clerk_runtime(*[Calls("read_row", row="x")] * 4))
    with pytest.raises(ToolArgumentsInvalid):
        _ = run.value


def test_a_flood_of_results_does_not_reach_the_prompt() -> None:
    @define_tool(access="read", max_result_bytes=1_000)
    def flood() -> str:
        """Flood."""
        return "x" * 5_000_000

    seen: list[int] = []
    watching = Calls("read_row", row=lambda so_far: (seen.append(len(str(so_far.messages))), 1)[1])
    from tests.harness.desk import read_row

    asked(clerk_runtime(Calls("flood"), watching, "done", tools=[flood, read_row]))
    assert seen[0] < 10_000


def test_a_run_that_dies_neither_resets_nor_doubles_the_budget_of_its_thread() -> None:
    dying: list[Any] = [[Calls("read_row", row=1), "never"]] * 3
    faults: Any = {"read_row": Crashes(before=False)}
    spec = replace(desk(), thread_budget=Budget(model_calls=3, tool_calls=2))
    runtime = create_runtime(spec, Rows(), testing=TestingConfig(script=dying, faults=faults))
    ended: list[type[BaseException]] = []
    for _ in range(3):
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        run.wait()
        ended.append(type(run.result.failure()))
    assert ended == [Crashed, Crashed, LimitReached]


def test_a_budget_holds_whatever_the_model_tries() -> None:
    rows = Rows()
    run = asked(clerk_runtime(*[Calls("read_row", row=1)] * 40, services=rows), budget=Budget(tool_calls=7))
    with pytest.raises(LimitReached):
        _ = run.value
    assert len(of(run, "tool_called")) == 7
