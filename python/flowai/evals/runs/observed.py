"""What a run did, read from its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from flowai.evals.case import RawSampleOutput
from flowai.evals.toolcall import ToolCall

if TYPE_CHECKING:
    from flowai.interpreters.run import Run

Events = Sequence[Mapping[str, Any]]


def output_of(run: Run[Any]) -> RawSampleOutput:
    """Return what a run did: its tools in their order, its actions, its answer and its events.

    Example:
        >>> from flowai import pure
        >>> from flowai.interpreters import Test
        >>> output_of(Test().run(pure(3))).actual_response
        3
    """
    from flowai.interpreters.seen_events import events_of

    return output_of_events(events_of(run))


def output_of_events(events: Events) -> RawSampleOutput:
    """Return what events in JSON types tell that a run did."""
    return RawSampleOutput(
        actual_trajectory=trajectory_of(events),
        actual_actions=actions_of(events),
        actual_response=response_of(events),
        events=events,
    )


def trajectory_of(events: Events) -> list[ToolCall]:
    """Return the calls of tools that were let out, in order; the built-in tools of roles are not among them."""
    failed = {event["position"] for event in events if event["type"] == "tool_failed"}
    return [
        ToolCall(event["tool"], event["arguments"], failed=event["position"] in failed)
        for event in events
        if event["type"] == "tool_called"
    ]


def actions_of(events: Events) -> list[Any] | None:
    """Return the actions that were begun, or else those of the plan that was stored last."""
    begun = [event["arguments"] for event in events if event["type"] == "action_started"]
    if begun:
        return begun
    bodies = [event["body"] for event in events if event["type"] == "plan_stored"]
    actions = bodies[-1].get("actions") if bodies else None
    return cast("list[object]", actions) if isinstance(actions, list) else None


def response_of(events: Events) -> Any:
    """Return what the run came to, or nothing."""
    is_over = bool(events) and events[-1]["type"] == "run_finished"
    return events[-1]["output"] if is_over else None
