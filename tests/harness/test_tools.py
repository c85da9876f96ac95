"""Tools as an agent calls them: what they are told, what goes wrong, and what of it a model learns."""

import asyncio
import contextvars
import threading
from typing import Any

import pytest

from flowai.errors import ToolArgumentsInvalid, ToolFailed, ValueNotJson
from flowai.interpreters import Test
from flowai_harness import Calls, Says, ToolContext, define_tool
from tests.harness.desk import Rows, asked, clerk_runtime, of, read_row

CANARY = "sk-canary-4721"


def seen_by_the_model(*steps: Any, **options: Any) -> tuple[Any, list[dict[str, Any]]]:
    """Run a script and return the run with the conversation as the last turn saw it."""
    seen: list[Any] = []
    last = Calls("read_row", row=lambda so_far: (seen.append(so_far.messages), 1)[1])
    tools = [*options.pop("tools", ()), read_row]
    run = asked(clerk_runtime(*steps, last, Says("done"), tools=tools, **options))
    assert run.output == "done"
    return run, seen[0]


@pytest.mark.parametrize("arguments", [{"row": "one"}, {}, {"row": 1, "rwo": 2}, {"row": None}])
def test_wrong_arguments_go_back_to_the_model_as_data(arguments: Any) -> None:
    rows = Rows()
    run, messages = seen_by_the_model(Calls("write_row", arguments), services=rows, tools=[_write()])
    answer = messages[-1]
    assert answer["is_error"]
    assert answer["content"]["error"] == "invalid_arguments"
    assert rows.done == ["read 1"]
    assert [each.tool for each in of(run, "tool_called")] == ["read_row"]


def _write() -> Any:
    @define_tool(access="write_once")
    def write_row(row: int) -> str:
        """Write one row."""
        raise AssertionError("wrong arguments never arrive")

    return write_row


def test_three_repairs_and_then_it_is_an_error() -> None:
    repaired = asked(clerk_runtime(*[Calls("read_row", row="x")] * 3, Calls("read_row", row=1), Says("done")))
    assert repaired.output == "done"
    given_up = asked(clerk_runtime(*[Calls("read_row", row="x")] * 4))
    with pytest.raises(ToolArgumentsInvalid, match="read_row"):
        _ = given_up.value


def test_a_tool_that_raises_tells_the_model_little_and_the_event_all() -> None:
    @define_tool(access="read")
    def look(row: int) -> str:
        """Look."""
        raise OSError(f"no route to {CANARY}")

    run, messages = seen_by_the_model(Calls("look", row=1), tools=[look])
    assert CANARY not in str(messages)
    assert "raceback" not in str(messages)
    assert messages[-1]["content"]["error"] == "ToolFailed"
    assert "look" in messages[-1]["content"]["message"]
    [failed] = of(run, "tool_failed")
    assert failed.cause_type == "OSError"
    assert CANARY in failed.error.message
    assert "raise OSError" in failed.traceback


def test_a_program_gets_the_cause() -> None:
    from flowai import CallTool

    @define_tool(access="read")
    def look(row: int) -> str:
        """Look."""
        raise OSError("no route")

    with pytest.raises(ToolFailed, match="`look` raised OSError: no route") as caught:
        _ = Test().run(CallTool(look, row=1)).value
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.tool == "look"


def test_a_tool_that_hangs_ends_at_its_limit() -> None:
    @define_tool(access="read", timeout_s=0.001)
    async def hang() -> str:
        """Hang."""
        await asyncio.Event().wait()
        return "never"

    run, messages = seen_by_the_model(Calls("hang"), tools=[hang])
    assert messages[-1]["content"]["error"] == "ToolFailed"
    [failed] = of(run, "tool_failed")
    assert failed.cause_type == "TimeoutError"
    assert "longer than 0.001 s" in failed.error.message


def test_a_context_says_whose_call_it_is() -> None:
    seen: list[ToolContext[Rows]] = []

    @define_tool(access="read")
    def who(ctx: ToolContext[Rows], row: int) -> str:
        """Tell."""
        seen.append(ctx)
        return "x"

    rows = Rows()
    runtime = clerk_runtime(Calls("who", row=1), Calls("who", row=1), Says("x"), tools=[who], services=rows)
    run = asked(runtime, thread_id="t", principal="ana")
    first, second = seen
    assert (first.tenant, first.principal, first.thread_id, first.run_id) == ("acme", "ana", "t", run.run_id)
    assert first.services is rows
    assert first.idempotency_key != second.idempotency_key
    assert [each.idempotency_key for each in of(run, "tool_called")] == [first.idempotency_key, second.idempotency_key]


def test_a_query_may_bring_its_own_services() -> None:
    mine = Rows()
    runtime = clerk_runtime(Calls("read_row", row=1), Says("x"))
    asked(runtime, context=mine)
    assert mine.done == ["read 1"]
    assert runtime.services.done == []


def test_progress_is_an_event() -> None:
    @define_tool(access="read")
    def count(ctx: ToolContext[Rows], to: int) -> int:
        """Count."""
        for number in range(to):
            ctx.report({"at": number})
        return to

    @define_tool(access="read")
    async def count_async(ctx: ToolContext[Rows], to: int) -> int:
        """Count."""
        ctx.report({"at": to})
        return to

    both = [Calls("count", to=2), Calls("count_async", to=7), Says("x")]
    run = asked(clerk_runtime(*both, tools=[count, count_async]))
    assert [each.report for each in of(run, "tool_progressed")] == [{"at": 0}, {"at": 1}, {"at": 7}]


def test_progress_that_has_no_json_form_is_a_fault_of_the_report() -> None:
    @define_tool(access="read")
    def count(ctx: ToolContext[Rows]) -> int:
        """Count."""
        ctx.report(object())
        return 1

    [failed] = of(asked(clerk_runtime(Calls("count"), Says("x"), tools=[count])), "tool_failed")
    assert "what was reported cannot be written as JSON" in failed.error.message
    assert "result" not in failed.error.message


_who: contextvars.ContextVar[str] = contextvars.ContextVar("_who", default="nobody")


def test_a_sync_tool_runs_on_a_thread_with_the_callers_context() -> None:
    seen: list[tuple[str, bool]] = []

    @define_tool(access="read")
    def look() -> str:
        """Look."""
        seen.append((_who.get(), threading.current_thread() is threading.main_thread()))
        return "x"

    runtime = clerk_runtime(Calls("look"), Says("x"), tools=[look])
    token = _who.set("ana")
    asked(runtime)
    _who.reset(token)
    assert seen == [("ana", False)]


def test_an_async_tool_runs_in_the_callers_context() -> None:
    seen: list[str] = []

    @define_tool(access="read")
    async def look() -> str:
        """Look."""
        seen.append(_who.get())
        return "x"

    runtime = clerk_runtime(Calls("look"), Says("x"), tools=[look])
    token = _who.set("ben")
    asked(runtime)
    _who.reset(token)
    assert seen == ["ben"]


def test_a_result_that_is_not_json_names_the_path() -> None:
    from flowai import CallTool

    @define_tool(access="read")
    def odd() -> dict[str, Any]:
        """Answer oddly."""
        return {"orders": [{"by": object()}]}

    with pytest.raises((ValueNotJson, ToolFailed)) as caught:
        _ = Test().run(CallTool(odd)).value
    assert "orders" in str(caught.value)


def test_an_unknown_tool_goes_back_to_the_model() -> None:
    run, messages = seen_by_the_model(Calls("reed_row", row=1))
    assert messages[-1]["is_error"]
    assert "reed_row" in str(messages[-1]["content"])
    assert [each.tool for each in of(run, "tool_called")] == ["read_row"]


def test_parallel_calls_are_all_answered() -> None:
    rows = Rows()
    run = asked(clerk_runtime(Calls("read_row", row=1) + Calls("read_row", row=2), Says("x"), services=rows))
    assert sorted(rows.done) == ["read 1", "read 2"]
    assert len({each.call_id for each in of(run, "tool_answered")}) == 2
