"""Telemetry of a call that another model answered in the end."""

from typing import Any

import pytest

from flowai import CallModel
from flowai.interpreters import Live
from flowai.observe import observe
from tests.live.server import Asked, Reply, serving

metrics: Any = pytest.importorskip("opentelemetry.sdk.metrics")
metrics_export: Any = pytest.importorskip("opentelemetry.sdk.metrics.export")
trace: Any = pytest.importorskip("opentelemetry.sdk.trace")
trace_export: Any = pytest.importorskip("opentelemetry.sdk.trace.export")
in_memory: Any = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")

BUSY = Reply(status=529, error={"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})


def busy_or_not(asked: Asked) -> Reply:
    return BUSY if asked.path == "/v1/messages" else Reply("hello")


def test_the_span_of_a_call_names_the_model_that_answered() -> None:
    spans, tracers = in_memory.InMemorySpanExporter(), trace.TracerProvider()
    tracers.add_span_processor(trace_export.SimpleSpanProcessor(spans))
    reader: Any = metrics_export.InMemoryMetricReader()
    with serving(busy_or_not) as server:
        providers: Any = {"anthropic": {"baseUrl": server.url}, "ollama": {"baseUrl": f"{server.url}/v1"}}
        live = Live(providers=providers).observed(observe(tracers, metrics.MeterProvider([reader])))
        settings = {"fallback": ["ollama:qwen3"], "max_retries": 0}
        assert live.run(CallModel("claude-x", "hello", settings=settings)).value == "hello"
    (chat,) = [span for span in spans.get_finished_spans() if span.name == "chat claude-x"]
    told = chat.attributes
    assert (told["gen_ai.request.model"], told["gen_ai.response.model"]) == ("claude-x", "ollama:qwen3")
    assert told["gen_ai.provider.name"] == "ollama"
    measured = str(reader.get_metrics_data().to_json())
    assert measured.count('"gen_ai.response.model": "ollama:qwen3"') == measured.count('"gen_ai.request.model"')
