"""What happened in a run, as frozen values told apart by `type`."""

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
from flowai.events.envelope import Envelope, ErrorNote
from flowai.events.event import Event, parse_event
from flowai.events.limits import LimitReached, UsageUpdated
from flowai.events.models import (
    ModelAnswered,
    ModelCalled,
    ModelDelayed,
    ModelRetried,
    TextDelta,
    ThinkingDelta,
    ToolRequest,
    Usage,
)
from flowai.events.plans import Change, PlanChanged, PlanStored
from flowai.events.references import ReferenceHydrated, ReferenceStored
from flowai.events.runs import RunCancelled, RunFailed, RunFinished, RunPaused, RunResumed, RunStarted
from flowai.events.tools import ToolAnswered, ToolCalled, ToolFailed, ToolProgressed

__all__ = [
    "ActionFailed",
    "ActionFinished",
    "ActionInDoubt",
    "ActionSkipped",
    "ActionStarted",
    "ActionUndone",
    "AgentCalled",
    "AgentFinished",
    "AgentStarted",
    "ApprovalExpired",
    "ApprovalRequired",
    "ApprovalResolved",
    "ApprovalWithdrawn",
    "Change",
    "EffectAnswered",
    "EffectAsked",
    "EffectFailed",
    "Envelope",
    "ErrorNote",
    "Event",
    "HistoryShortened",
    "LimitReached",
    "ModelAnswered",
    "ModelCalled",
    "ModelDelayed",
    "ModelRetried",
    "PlanChanged",
    "PlanStored",
    "ReferenceHydrated",
    "ReferenceStored",
    "RunCancelled",
    "RunFailed",
    "RunFinished",
    "RunPaused",
    "RunResumed",
    "RunStarted",
    "TextDelta",
    "ThinkingDelta",
    "ToolAnswered",
    "ToolCalled",
    "ToolFailed",
    "ToolProgressed",
    "ToolRequest",
    "Usage",
    "UsageUpdated",
    "parse_event",
]
