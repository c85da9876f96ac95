"""Telemetry: events become spans and metrics by the conventions for generative AI."""

import json
from typing import Any

import pytest

from flowai import CallModel, Do, Models, gather, program
from flowai.errors import SpecError
from flowai.events import parse_event
from flowai.interpreters import Eval, Price, Test
from flowai.observe import Observer, observe
from flowai.specs.script import Says, Usage
from flowai_harness import (
    Calls,
    Fails,
    Runtime,
    TestingConfig,
    create_runtime,
    define_coordinator,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)

metrics: Any = pytest.importorskip("opentelemetry.sdk.metrics")
metrics_export: Any = pytest.importorskip("opentelemetry.sdk.metrics.export")
trace: Any = pytest.importorskip("opentelemetry.sdk.trace")
trace_export: Any = pytest.importorskip("opentelemetry.sdk.trace.export")
in_memory: Any = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")

MODEL = "claude-haiku-4-5"
CANARY = "canary-5e1f"
USAGE = Usage(input_tokens=120, output_tokens=30, cached_tokens=100, reasoning_tokens=5)


class Seen:
    """What was exported."""

    def __init__(self, *, content: bool = False) -> None:
        self._spans: Any = in_memory.InMemorySpanExporter()
        self._reader: Any = metrics_export.InMemoryMetricReader()
        tracers: Any = trace.TracerProvider()
        tracers.add_span_processor(trace_export.SimpleSpanProcessor(self._spans))
        self.observer: Observer = observe(tracers, metrics.MeterProvider([self._reader]), content=content)
        self.tracer: Any = tracers.get_tracer("test")

    @property
    def spans(self) -> list[Any]:
        return sorted(self._spans.get_finished_spans(), key=lambda span: span.start_time)

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> Any:
        (span,) = self.named(name)
        return span

    def above(self, span: Any) -> str | None:
        named = {each.context.span_id: each.name for each in self.spans}
        return None if span.parent is None else named[span.parent.span_id]

    def points(self, name: str) -> list[Any]:
        read: Any = self._reader.get_metrics_data()
        found: list[Any] = [
            metric for resource in read.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics
        ]
        return [point for metric in found if metric.name == name for point in metric.data.data_points]

    def written(self) -> str:
        read: Any = self._reader.get_metrics_data()
        return "".join(span.to_json() for span in self.spans) + ("" if read is None else read.to_json())


@define_tool(access="read")
def look(row: int) -> str:
    """Look at a row."""
    if row < 0:
        raise ValueError(CANARY)
    return f"{CANARY} {row}"


@define_tool(access="write_once", approval="always")
def wipe(row: int) -> int:
    """Wipe a row."""
    return row


def runtime(script: Any, observer: Any = None, decisions: Any = ("approve",)) -> Runtime:
    clerk = define_specialist(name="clerk", model=MODEL, prompt="Work.", tools=[look, wipe])
    desk = define_coordinator(name="desk", model=MODEL, prompt="Route.", routes=["clerk"])
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[desk, clerk])
    testing = TestingConfig(script=script, decisions=list(decisions))
    return create_runtime(spec, testing=testing, observer=observer)


def story() -> Any:
    return {
        "desk": [Calls("call_agent", agent="clerk", message=CANARY), Says("done", delay_ms=500, usage=USAGE)],
        "clerk": [Calls("look", row=1) + Calls("wipe", row=2), "fine"],
    }


def ran(seen: Seen) -> Any:
    run = runtime(story(), seen.observer).query(f"hello {CANARY}", thread_id="t-1")
    run.wait()
    assert run.value == "done"
    return run


def test_spans_are_nested_as_agents_call_models_and_tools() -> None:
    seen = Seen()
    ran(seen)
    assert seen.above(seen.one("invoke_workflow")) is None
    assert seen.above(seen.one("invoke_agent desk")) == "invoke_workflow"
    assert seen.above(seen.one("invoke_agent clerk")) == "invoke_agent desk"
    assert seen.above(seen.one("execute_tool look")) == "invoke_agent clerk"
    assert seen.above(seen.one("execute_tool wipe")) == "invoke_agent clerk"
    assert seen.above(seen.one("await_approval tool")) == "invoke_agent clerk"
    assert (
        sorted(map(seen.above, seen.named(f"chat {MODEL}")), key=str)
        == ["invoke_agent clerk"] * 2 + ["invoke_agent desk"] * 2
    )


def test_spans_have_the_attributes_of_the_conventions() -> None:
    seen = Seen()
    run = ran(seen)
    chat = seen.named(f"chat {MODEL}")[-1]
    told = dict(chat.attributes)
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == "anthropic"
    assert told["gen_ai.request.model"] == MODEL
    assert told["gen_ai.conversation.id"] == "t-1"
    assert told["gen_ai.agent.name"] == "desk"
    assert told["gen_ai.usage.input_tokens"] == 120
    assert told["gen_ai.usage.output_tokens"] == 30
    assert told["gen_ai.usage.cache_read.input_tokens"] == 100
    assert told["gen_ai.response.finish_reasons"] == ("end_turn",)
    assert told["flowai.usage.cost_usd"] > 0
    assert chat.kind.name == "CLIENT"
    tool = seen.one("execute_tool look")
    assert tool.attributes["gen_ai.tool.name"] == "look"
    assert tool.attributes["gen_ai.tool.call.id"]
    agent = seen.one("invoke_agent desk")
    assert agent.attributes["gen_ai.request.model"] == MODEL
    assert agent.attributes["gen_ai.usage.input_tokens"] == 120
    assert seen.one("invoke_workflow").attributes["flowai.run.id"] == run.run_id
    assert seen.one("await_approval tool").attributes["flowai.approval.decision"] == "approved"


def test_spans_have_the_times_of_the_runs_own_clock() -> None:
    seen = Seen()
    run = ran(seen)
    root = seen.one("invoke_workflow")
    assert root.start_time == run.events[0].at * 1_000_000
    assert root.end_time == run.events[-1].at * 1_000_000
    assert root.end_time - root.start_time == 500 * 1_000_000


def test_what_was_said_is_not_exported_unless_asked_for() -> None:
    seen = Seen()
    ran(seen)
    failing = runtime({"clerk": [Calls("look", row=-1), "sorry"], "desk": []}, seen.observer).run_specialist(
        "clerk", CANARY
    )
    failing.wait()
    assert len(seen.named("execute_tool look")) == 2
    assert CANARY not in seen.written()
    loud = Seen(content=True)
    ran(loud)
    assert CANARY in loud.written()


def test_content_is_written_as_the_conventions_say() -> None:
    seen = Seen(content=True)
    ran(seen)
    tool = seen.one("execute_tool look")
    assert json.loads(tool.attributes["gen_ai.tool.call.arguments"]) == {"row": 1}
    assert json.loads(tool.attributes["gen_ai.tool.call.result"]) == f"{CANARY} 1"
    last = seen.named(f"chat {MODEL}")[-1]
    said = json.loads(last.attributes["gen_ai.output.messages"])
    assert said == [{"role": "assistant", "parts": [{"type": "text", "content": "done"}]}]


def test_a_failed_tool_is_an_error_and_its_agent_is_not() -> None:
    seen = Seen()
    runtime({"clerk": [Calls("look", row=-1), "sorry"], "desk": []}, seen.observer).run_specialist("clerk", "go").wait()
    tool = seen.one("execute_tool look")
    assert (tool.status.status_code.name, tool.attributes["error.type"]) == ("ERROR", "ValueError")
    assert seen.one("invoke_agent clerk").status.status_code.name == "UNSET"


def test_a_failed_model_fails_its_run() -> None:
    seen = Seen()
    runtime({"clerk": [Fails("no")], "desk": []}, seen.observer).run_specialist("clerk", "go").wait()
    for name in (f"chat {MODEL}", "invoke_workflow", "invoke_agent clerk"):
        assert seen.one(name).status.status_code.name == "ERROR", name
    assert seen.one(f"chat {MODEL}").attributes["error.type"] == "ModelFailed"
    assert seen.one("invoke_workflow").attributes["error.type"] == "ModelFailed"


def test_tokens_and_durations_are_measured() -> None:
    seen = Seen()
    ran(seen)
    by_kind = {
        point.attributes["gen_ai.token.type"]: point.sum
        for point in seen.points("gen_ai.client.token.usage")
        if point.sum
    }
    assert by_kind == {"input": 120, "output": 30}
    durations = seen.points("gen_ai.client.operation.duration")
    chats = [point for point in durations if point.attributes["gen_ai.operation.name"] == "chat"]
    assert sum(point.count for point in chats) == 4
    assert sum(point.sum for point in chats) == pytest.approx(0.5)
    assert {point.attributes["gen_ai.operation.name"] for point in durations} == {
        "chat",
        "execute_tool",
        "invoke_agent",
    }


def test_a_run_that_is_over_can_be_observed_afterwards() -> None:
    live, later = Seen(), Seen()
    run = ran(live)
    later.observer.see(run.events)
    assert [(span.name, span.start_time, span.end_time, dict(span.attributes)) for span in later.spans] == [
        (span.name, span.start_time, span.end_time, dict(span.attributes)) for span in live.spans
    ]


def test_events_that_were_written_can_be_observed_too() -> None:
    seen = Seen()
    seen.observer.see([parse_event(event.model_dump(mode="json")) for event in ran(Seen()).events])
    assert seen.one("invoke_agent clerk")


def test_a_run_is_part_of_the_trace_in_which_it_began() -> None:
    seen = Seen()
    with seen.tracer.start_as_current_span("request"):
        ran(seen)
    assert seen.above(seen.one("invoke_workflow")) == "request"


@program
def both() -> Do[Models, str]:
    answers = yield from gather(CallModel("one", prompt="?"), CallModel("two", prompt="?"))
    return " ".join(answers)


def test_a_bare_program_is_observed_and_so_is_its_replay() -> None:
    seen = Seen()
    test = Test(mock_response="yes", prices={"one": Price(input_per_mtok=1, output_per_mtok=1)})
    run = test.observed(seen.observer).run(both())
    assert [seen.above(seen.one(f"chat {name}")) for name in ("one", "two")] == ["invoke_workflow"] * 2
    again = Seen()
    Eval(Test().observed(again.observer)).replay(run.recording).run(both())
    assert len(again.spans) == len(seen.spans)


def test_an_observer_that_fails_changes_no_run(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("broken")

    assert Test(mock_response="yes").observed(broken).run(both()).value == "yes yes"
    assert "the observer failed" in caplog.text


def test_without_opentelemetry_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(SpecError, match="opentelemetry-api") as caught:
        observe()
    assert "flowai-harness[observe]" in str(caught.value.hint)
