"""Events as OpenTelemetry spans and metrics, by the conventions for generative AI."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowai.errors import SpecError
from flowai.observe.measures import Measures
from flowai.observe.spans import Spans

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowai.events import Event

__all__ = ["Observer", "observe"]

SCOPE = "flowai"
"""The name of the instrumentation."""


class Observer:
    """Turns the events of runs into spans and metrics; made by `observe`.

    It is a function of one event, so that it can be given wherever a run tells what happens:
    `create_runtime(spec, observer=observe())` or `Live().observed(observe())`. Events of different
    runs may come mixed.
    """

    def __init__(self, spans: Spans, measures: Measures) -> None:
        self._spans = spans
        self._measures = measures

    def __call__(self, event: Event) -> None:
        """See one event, as it happens or afterwards."""
        closed = self._spans.see(event)
        for each in closed:
            self._measures.note(each)

    def see(self, events: Iterable[Event]) -> None:
        """See the events of a run that is over, such as `run.events`.

        Spans have the times at which things happened, by the clock of the run.
        """
        for event in events:
            self(event)


def observe(tracer_provider: Any = None, meter_provider: Any = None, *, content: bool = False) -> Observer:
    """Return what turns events into OpenTelemetry spans and metrics.

    A run is a span `invoke_workflow`, in it one `invoke_agent {agent}` for each agent, in these
    `chat {model}`, `execute_tool {tool}` and `await_approval {kind}`. Tokens and durations go to
    `gen_ai.client.token.usage` and `gen_ai.client.operation.duration`.

    Args:
        tracer_provider: Yours; by default the global one.
        meter_provider: Yours; by default the global one.
        content: Whether prompts, answers, arguments, results and messages of errors are written
            into spans. They may hold secrets and personal data.

    Raises:
        SpecError: The package `opentelemetry-api` is missing.

    Example:
        `runtime = create_runtime(spec, observer=observe())`
    """
    try:
        trace, metrics = import_module("opentelemetry.trace"), import_module("opentelemetry.metrics")
    except ImportError as error:
        hint = "install it: `pip install 'flowai-harness[observe]'`"
        raise SpecError("`observe` needs the package `opentelemetry-api`", hint=hint) from error
    tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
    meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
    return Observer(Spans(trace, tracer, content=content), Measures(meter))
