"""The spans of runs: opened and closed by events, nested by positions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flowai.observe import words
from flowai.observe.measures import Closed

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai.events import Event
    from flowai.events.envelope import ErrorNote
    from flowai.events.models import Usage

Place = tuple[str, str]
"""What a span is of, and where: `("chat", "0.0.1")`."""

MEASURED = (
    *(words.OPERATION, words.PROVIDER, words.REQUEST_MODEL, words.RESPONSE_MODEL),
    *(words.TOOL, words.AGENT, words.ERROR),
)
"""The attributes that metrics have too."""
OPERATIONS = ("chat", "execute_tool", "invoke_agent")
"""What is measured."""


@dataclass(slots=True)
class Open:
    """A span that is not over."""

    span: Any
    at: int
    attributes: dict[str, Any]
    usage: dict[str, int] = field(default_factory=dict[str, int])


class Spans:
    """Spans of all runs that are not over.

    Args:
        trace: The module `opentelemetry.trace`.
        tracer: Who makes the spans.
        content: Whether they hold what was said.
    """

    def __init__(self, trace: Any, tracer: Any, *, content: bool) -> None:
        self._trace = trace
        self._tracer = tracer
        self._content = content
        self._runs: dict[str, dict[Place, Open]] = {}
        self._closed: list[Closed] = []
        self._seers: dict[str, Callable[[Any], None]] = {
            "run_started": self._run_started,
            "run_finished": self._run_over,
            "run_failed": self._run_over,
            "run_cancelled": self._run_over,
            "agent_called": self._agent_called,
            "agent_started": self._agent_started,
            "agent_finished": self._agent_finished,
            "model_called": self._model_called,
            "model_retried": self._model_retried,
            "model_answered": self._model_answered,
            "effect_failed": self._effect_failed,
            "tool_called": self._tool_called,
            "tool_answered": self._tool_answered,
            "tool_failed": self._tool_failed,
            "approval_required": self._approval_required,
            "approval_resolved": self._approval_over,
            "approval_expired": self._approval_over,
            "approval_withdrawn": self._approval_over,
            "limit_reached": self._limit_reached,
        }

    def see(self, event: Event) -> list[Closed]:
        """See one event; return what it ended."""
        seer = self._seers.get(event.happened)
        if seer is not None and (event.happened == "run_started" or event.run_id in self._runs):
            seer(event)
        closed, self._closed = self._closed, []
        return closed

    # Runs

    def _run_started(self, event: Any) -> None:
        self._runs[event.run_id] = {}
        attributes = {words.OPERATION: "invoke_workflow", words.RUN: event.run_id}
        if self._content:
            attributes[words.INPUT_MESSAGES] = _said("user", event.program)
        self._open(event, ("run", ""), "invoke_workflow", attributes)

    def _run_over(self, event: Any) -> None:
        error = "RunCancelled" if event.happened == "run_cancelled" else None
        note = getattr(event, "error", None)
        for place in reversed(list(self._runs[event.run_id])):
            is_run = place[0] == "run"
            failed = error or note is not None or not is_run
            kind = error or (note.kind if note is not None else "_OTHER")
            self._close(event, place, error=kind if failed else None, message=note.message if note and is_run else None)
        del self._runs[event.run_id]

    # Agents

    def _agent_called(self, event: Any) -> None:
        attributes = {words.OPERATION: "invoke_agent", words.AGENT: event.callee}
        if self._content:
            attributes[words.INPUT_MESSAGES] = _said("user", event.message)
        self._open(event, ("agent", event.position), f"invoke_agent {event.callee}", attributes)

    def _agent_started(self, event: Any) -> None:
        found = self._runs[event.run_id].get(("agent", event.parent or ""))
        if found is not None:
            self._tell(found, {words.REQUEST_MODEL: event.model, words.PROVIDER: words.provider_of(event.model)})

    def _agent_finished(self, event: Any) -> None:
        found = {words.OUTPUT_MESSAGES: _said("assistant", event.output)} if self._content else {}
        self._close(event, ("agent", event.parent or ""), found)

    def _end_failed_agents(self, event: Any) -> None:
        # Who asks again has an answer from each agent that it called: those without an output failed.
        above = ("agent", event.parent or "")
        for place in reversed(list(self._runs[event.run_id])):
            if place[0] == "agent" and place != above and _is_within(place[1], above[1]):
                self._close(event, place, error="AgentFailed")

    # Models

    def _model_called(self, event: Any) -> None:
        if event.parent:
            self._end_failed_agents(event)
        attributes = {
            words.OPERATION: "chat",
            words.REQUEST_MODEL: event.model,
            words.PROVIDER: words.provider_of(event.model),
            words.ATTEMPTS: event.attempt,
        }
        self._open(event, ("chat", event.position), f"chat {event.model}", attributes, kind="CLIENT")

    def _model_retried(self, event: Any) -> None:
        found = self._runs[event.run_id].get(("chat", event.position))
        if found is not None:
            self._tell(found, {words.ATTEMPTS: event.attempt})
            if event.model is not None:
                instead = {words.RESPONSE_MODEL: event.model, words.PROVIDER: words.provider_of(event.model)}
                self._tell(found, instead)
            found.span.add_event("retry", {words.ERROR: event.error.kind}, timestamp=_ns(event.at))

    def _model_answered(self, event: Any) -> None:
        usage = _usage(event.usage)
        found: dict[str, Any] = {words.FINISH_REASONS: (event.stop_reason,), **usage}
        if event.usage.cost_usd is not None:
            found[words.COST_USD] = event.usage.cost_usd
        if self._content:
            calls = [{"type": "tool_call", **call.model_dump(mode="json")} for call in event.tool_calls]
            found[words.OUTPUT_MESSAGES] = _said("assistant", event.text, *calls)
        self._close(event, ("chat", event.position), found, usage=usage)
        above = self._above(event)
        if above is not None:
            above.usage = {name: above.usage.get(name, 0) + count for name, count in usage.items()}
            self._tell(above, above.usage)

    def _effect_failed(self, event: Any) -> None:
        if event.effect == "CallModel":
            self._fail(event, ("chat", event.position), event.error)

    # Tools

    def _tool_called(self, event: Any) -> None:
        attributes = {words.OPERATION: "execute_tool", words.TOOL: event.tool, words.TOOL_TYPE: "function"}
        if event.call_id is not None:
            attributes[words.TOOL_CALL] = event.call_id
        if self._content:
            attributes[words.TOOL_ARGUMENTS] = _json(event.arguments)
        self._open(event, ("tool", event.position), f"execute_tool {event.tool}", attributes)

    def _tool_answered(self, event: Any) -> None:
        found = {words.TOOL_RESULT: _json(event.result)} if self._content else {}
        self._close(event, ("tool", event.position), found)

    def _tool_failed(self, event: Any) -> None:
        self._fail(event, ("tool", event.position), event.error, kind=event.cause_type)

    # Approvals and limits

    def _approval_required(self, event: Any) -> None:
        attributes = {
            words.OPERATION: "await_approval",
            words.APPROVAL: event.approval_id,
            words.APPROVAL_KIND: event.kind,
        }
        self._open(event, ("approval", event.approval_id), f"await_approval {event.kind}", attributes)

    def _approval_over(self, event: Any) -> None:
        decision = getattr(event, "decision", event.happened.removeprefix("approval_"))
        self._close(event, ("approval", event.approval_id), {words.DECISION: decision})

    def _limit_reached(self, event: Any) -> None:
        found = self._above(event)
        if found is not None:
            found.span.add_event("limit_reached", {words.LIMIT: event.limit}, timestamp=_ns(event.at))

    # Within

    def _open(self, event: Any, place: Place, name: str, attributes: dict[str, Any], kind: str = "INTERNAL") -> None:
        above = self._above(event)
        context = None if above is None else self._trace.set_span_in_context(above.span)
        told = {**attributes, words.POSITION: event.position}
        if event.thread_id is not None:
            told[words.CONVERSATION] = event.thread_id
        if event.tenant is not None:
            told[words.TENANT] = event.tenant
        if event.agent is not None:
            told.setdefault(words.AGENT, event.agent)
        kinds = self._trace.SpanKind
        span = self._tracer.start_span(
            name, context=context, kind=kinds[kind], attributes=told, start_time=_ns(event.at)
        )
        self._runs[event.run_id][place] = Open(span, event.at, told)

    def _tell(self, found: Open, attributes: dict[str, Any]) -> None:
        found.attributes.update(attributes)
        found.span.set_attributes(attributes)

    def _fail(self, event: Any, place: Place, note: ErrorNote, kind: str | None = None) -> None:
        self._close(event, place, error=kind or note.kind, message=note.message)

    def _close(
        self,
        event: Any,
        place: Place,
        attributes: dict[str, Any] | None = None,
        *,
        usage: dict[str, int] | None = None,
        error: str | None = None,
        message: str | None = None,
    ) -> None:
        found = self._runs[event.run_id].pop(place, None)
        if found is None:
            return
        self._tell(found, attributes or {})
        if error is not None:
            self._tell(found, {words.ERROR: error})
            # A message may quote what was said.
            found.span.set_status(self._trace.StatusCode.ERROR, message if self._content else error)
        found.span.end(end_time=_ns(event.at))
        if found.attributes[words.OPERATION] in OPERATIONS:
            told = {name: found.attributes[name] for name in MEASURED if name in found.attributes}
            self._closed.append(Closed(max(0, event.at - found.at) / 1_000, told, usage or {}))

    def _above(self, event: Any) -> Open | None:
        """Return the span of the nearest agent around an event, else that of its run."""
        spans = self._runs[event.run_id]
        place = event.parent or ""
        while place:
            found = spans.get(("agent", place))
            if found is not None:
                return found
            place = place.rpartition(".")[0]
        return spans.get(("run", ""))


def _is_within(position: str, above: str) -> bool:
    return position.startswith(f"{above}.")


def _ns(at: int) -> int:
    return at * 1_000_000


def _usage(usage: Usage) -> dict[str, int]:
    return {
        words.INPUT_TOKENS: usage.input_tokens,
        words.OUTPUT_TOKENS: usage.output_tokens,
        words.CACHE_READ_TOKENS: usage.cached_tokens,
        words.CACHE_WRITE_TOKENS: usage.cache_write_tokens,
        words.REASONING_TOKENS: usage.reasoning_tokens,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _said(role: str, content: object, *more: dict[str, Any]) -> str:
    text = content if isinstance(content, str) else _json(content)
    parts = [{"type": "text", "content": text}] if text else []
    return _json([{"role": role, "parts": [*parts, *more]}])
