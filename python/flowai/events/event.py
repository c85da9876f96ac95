"""The union of all events, told apart by `type`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from flowai.errors import ValueNotJson
from flowai.events.actions import (
    ActionFailed,
    ActionFinished,
    ActionInDoubt,
    ActionSkipped,
    ActionStarted,
    ActionUndone,
)
from flowai.events.agents import AgentCalled, AgentFinished, AgentStarted, HistoryShortened
from flowai.events.approvals import ApprovalExpired, ApprovalRequired, ApprovalResolved, ApprovalWithdrawn
from flowai.events.effects import EffectAnswered, EffectAsked, EffectFailed
from flowai.events.limits import LimitReached, UsageUpdated
from flowai.events.models import ModelAnswered, ModelCalled, ModelDelayed, ModelRetried, TextDelta, ThinkingDelta
from flowai.events.plans import PlanChanged, PlanStored
from flowai.events.references import ReferenceHydrated, ReferenceStored
from flowai.events.runs import RunCancelled, RunFailed, RunFinished, RunPaused, RunResumed, RunStarted
from flowai.events.tools import ToolAnswered, ToolCalled, ToolFailed, ToolProgressed

Event = Annotated[
    RunStarted
    | RunPaused
    | RunResumed
    | RunFinished
    | RunFailed
    | RunCancelled
    | AgentStarted
    | AgentCalled
    | AgentFinished
    | ModelCalled
    | TextDelta
    | ThinkingDelta
    | ModelAnswered
    | ModelRetried
    | ModelDelayed
    | ToolCalled
    | ToolProgressed
    | ToolAnswered
    | ToolFailed
    | PlanStored
    | PlanChanged
    | ApprovalRequired
    | ApprovalResolved
    | ApprovalExpired
    | ApprovalWithdrawn
    | ActionStarted
    | ActionFinished
    | ActionFailed
    | ActionInDoubt
    | ActionSkipped
    | ActionUndone
    | ReferenceStored
    | ReferenceHydrated
    | HistoryShortened
    | UsageUpdated
    | LimitReached
    | EffectAsked
    | EffectAnswered
    | EffectFailed,
    Field(discriminator="type"),
]
"""What happened, typed."""

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def parse_event(written: Any) -> Event:
    """Read an event from JSON: an object, or its text.

    Raises:
        ValueNotJson: it is no event.

    Example:
        >>> print(parse_event({"type": "run_resumed", "seq": 3, "run_id": "r", "at": 0, "position": "0"}))
           3 00:00:00.000 -                  run_resumed
    """
    try:
        if isinstance(written, str | bytes):
            return _EVENTS.validate_json(written)
        return _EVENTS.validate_python(written)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = "$" + "".join(f".{step}" for step in first["loc"])
        raise ValueNotJson(f"not an event: `{path}`: {first['msg'].lower()}", path=path) from error
