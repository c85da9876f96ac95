"""Budgets of runtimes: agents end where they are used up, and a thread keeps what it has used."""

from typing import Any

import pytest

from flowai.errors import LimitReached, SpecError
from flowai.specs.script import Usage
from flowai_harness import (
    Budget,
    Calls,
    Price,
    Runtime,
    Says,
    TestingConfig,
    create_runtime,
    define_coordinator,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.harness.desk import of

TENANT = define_tenant("acme", "v1")


@define_tool(access="read")
def look(row: int) -> int:
    """Look at a row."""
    return row


def says(text: str, tokens: int = 0) -> Any:
    return Says(text, usage=Usage(input_tokens=tokens, output_tokens=0))


def clerk(script: list[Any], *, model: str = "claude-haiku-4-5", **options: Any) -> Runtime:
    agent = define_specialist(name="clerk", model=model, prompt="Work.", tools=[look])
    desk = define_coordinator(name="desk", model=model, prompt="Route.", routes=["clerk"])
    spec = define_runtime(tenant=TENANT, agents=[desk, agent], **options)
    return create_runtime(spec, testing=TestingConfig(script=script))


def asked(runtime: Runtime, **options: Any) -> Any:
    run = runtime.run_specialist("clerk", "go", **options)
    run.wait()
    return run


def refused(run: Any) -> LimitReached:
    with pytest.raises(LimitReached) as caught:
        _ = run.value
    return caught.value


def test_an_agent_ends_where_the_budget_of_its_run_does() -> None:
    run = asked(clerk([Calls("look", row=1)] * 9, budget=Budget(model_calls=2)))
    assert refused(run).scope == "run"
    assert len(of(run, "model_called")) == 2


def test_an_agent_that_calls_a_tool_too_many_ends_and_is_not_told() -> None:
    run = asked(clerk([Calls("look", row=1)] * 9, budget=Budget(tool_calls=2)))
    assert refused(run).limit == "tool_calls"
    assert len(of(run, "tool_answered")) == 2
    assert len(of(run, "model_called")) == 3


def test_an_agent_below_does_not_hide_the_end_of_the_budget() -> None:
    script: Any = {
        "desk": [Calls("call_agent", agent="clerk", message="go"), "never"],
        "clerk": [Calls("look", row=1)] * 9,
    }
    runtime = clerk(script, budget=Budget(model_calls=3))
    run = runtime.query("go", thread_id="t")
    run.wait()
    assert refused(run).limit == "model_calls"
    assert len(of(run, "model_called")) == 3


def test_each_run_has_the_budget_anew() -> None:
    runtime = clerk([["one"], ["two"]], budget=Budget(model_calls=1))
    assert asked(runtime, thread_id="t").output == "one"
    assert asked(runtime, thread_id="t").output == "two"


def test_a_query_narrows_the_budget_and_never_widens_it() -> None:
    runtime = clerk([[Calls("look", row=1)] * 9] * 2, budget=Budget(model_calls=3))
    narrow = asked(runtime, budget=Budget(model_calls=1))
    assert refused(narrow).value == 1
    wide = asked(runtime, budget=Budget(model_calls=100))
    assert refused(wide).value == 3


def test_a_thread_keeps_what_its_runs_used() -> None:
    runtime = clerk([["one"], ["two"], ["three"], ["other"]], thread_budget=Budget(model_calls=2))
    assert asked(runtime, thread_id="t").output == "one"
    assert asked(runtime, thread_id="t").output == "two"
    error = refused(asked(runtime, thread_id="t"))
    assert (error.limit, error.value, error.scope) == ("model_calls", 2, "thread")
    assert asked(runtime, thread_id="other").output == "other"


def test_threads_of_two_tenants_share_nothing() -> None:
    runtime = clerk([["one"], ["two"]], thread_budget=Budget(model_calls=1))
    assert asked(runtime, thread_id="t", tenant="a").output == "one"
    assert asked(runtime, thread_id="t", tenant="b").output == "two"


def test_a_thread_counts_tokens_and_failed_runs_too() -> None:
    script = [[says("one", 60)], [says("two", 60)], ["three"]]
    runtime = clerk(script, thread_budget=Budget(tokens=100))
    asked(runtime, thread_id="t")
    asked(runtime, thread_id="t")
    error = refused(asked(runtime, thread_id="t"))
    assert (error.limit, error.scope) == ("tokens", "thread")


def test_a_thread_counts_cost() -> None:
    prices = {"own": Price(input_per_mtok=1_000, output_per_mtok=0)}
    script = [[says("one", 1_000)], [says("two", 1_000)], ["three"]]
    runtime = clerk(script, model="own", prices=prices, thread_budget=Budget(cost_usd=1.5))
    assert asked(runtime, thread_id="t").events[-1].happened == "run_finished"
    second = asked(runtime, thread_id="t")
    spent: Any = of(second, "usage_updated")[-1]
    assert spent.run.cost_usd == 1
    assert refused(asked(runtime, thread_id="t")).limit == "cost_usd"


def test_a_run_without_a_thread_is_alone_in_its_own() -> None:
    runtime = clerk([[Calls("look", row=1)] * 9, ["fresh"]], thread_budget=Budget(model_calls=2))
    assert refused(asked(runtime)).scope == "thread"
    assert asked(runtime).output == "fresh"


def test_the_time_that_a_thread_was_at_work_adds_up() -> None:
    script = [[Says("one", delay_ms=4_000)], [Says("two", delay_ms=4_000)], ["three"]]
    runtime = clerk(script, thread_budget=Budget(time_s=8))
    asked(runtime, thread_id="t")
    asked(runtime, thread_id="t")
    assert refused(asked(runtime, thread_id="t")).limit == "time_s"


def test_the_budget_of_the_interpreter_counts_in_a_runtime_too() -> None:
    from flowai.interpreters import Test

    agent = define_specialist(name="clerk", model="any", prompt="Work.", tools=[look])
    spec = define_runtime(tenant=TENANT, agents=[agent])
    test = Test(script=[Calls("look", row=1)] * 9, budget=Budget(model_calls=2))
    assert refused(asked(create_runtime(spec, interpreter=test))).value == 2


def test_what_is_no_budget_is_told_with_the_other_faults() -> None:
    wrong: Any = 5
    with pytest.raises(SpecError) as caught:
        define_runtime(tenant=TENANT, agents=[], budget=wrong, thread_budget=wrong)
    assert len(caught.value.faults) == 3
