"""Events as lines for someone who watches."""

from __future__ import annotations

import re
from functools import singledispatch
from typing import TYPE_CHECKING

from rich.text import Text

from flowai.cli.shown import safe, without_kind
from flowai.events import (
    ActionFinished,
    ActionStarted,
    AgentCalled,
    ApprovalResolved,
    Envelope,
    ModelAnswered,
    PlanChanged,
    PlanStored,
    ReferenceStored,
)
from flowai.events.visible import called, quoted, visible

if TYPE_CHECKING:
    from flowai.events import Event

LINES = {
    "agent_called": ("→", "magenta"),
    "model_answered": ("“", "italic"),
    "model_retried": ("↻", "yellow"),
    "model_delayed": ("…", "dim"),
    "tool_called": ("▸", "cyan"),
    "tool_progressed": ("·", "dim"),
    "tool_answered": ("◂", "cyan"),
    "tool_failed": ("✗", "bold red"),
    "reference_stored": ("▣", "bold blue"),
    "reference_hydrated": ("▢", "blue"),
    "plan_stored": ("✎", "yellow"),
    "plan_changed": ("⇢", "yellow"),
    "approval_resolved": ("✓", "bold yellow"),
    "approval_expired": ("✗", "bold yellow"),
    "approval_withdrawn": ("✗", "yellow"),
    "action_started": ("▸", "green"),
    "action_finished": ("✓", "bold green"),
    "action_failed": ("✗", "bold red"),
    "action_in_doubt": ("?", "bold red"),
    "action_skipped": ("-", "dim"),
    "action_undone": ("↶", "bold green"),
    "effect_asked": ("▸", "blue"),
    "effect_answered": ("◂", "blue"),
    "effect_failed": ("✗", "bold red"),
    "history_shortened": ("-", "dim"),
    "limit_reached": ("!", "bold red"),
    "run_cancelled": ("✗", "bold red"),
}
"""The events worth a line; `--json` prints them all."""

HANDLE = re.compile(r'\{"id": "(\w+)", "kind": "(\w+)"\}')
LONG_ID = re.compile(r"\b(\w*?[0-9a-f]{8})[0-9a-f]{8,}\b")


def line_of(event: Event) -> Text | None:
    """Return the line of an event; nothing for what only bookkeeping needs."""
    if event.type not in LINES or (isinstance(event, ModelAnswered) and not event.text):
        return None
    symbol, style = LINES[event.type]
    said = LONG_ID.sub(r"\1…", HANDLE.sub(r"\2:\1", _told(event)))
    return Text.assemble((f"  {symbol} {event.type:<18} ", style), said)


def heading_of(event: Event) -> Text:
    """Return the line above the events of one agent."""
    return safe(event.agent or "you", "bold magenta")


@singledispatch
def _told(event: Envelope) -> str:
    """Say what happened; what an event tells is safe to show, whatever a model wrote."""
    return event.told()


@_told.register
def _(event: AgentCalled) -> str:
    return f"{visible(event.callee)}: {visible(event.message)}"


@_told.register
def _(event: ModelAnswered) -> str:
    return visible(event.text)


@_told.register
def _(event: ReferenceStored) -> str:
    return f"{visible(event.kind)}: {event.bytes:,} bytes stay here, the model sees {quoted(event.glimpse)}"


@_told.register
def _(event: PlanStored) -> str:
    return f"{visible(event.plan)} revision {event.revision}, {event.status}"


@_told.register
def _(event: PlanChanged) -> str:
    step = event.after if event.before == event.after else f"{event.before} → {event.after}"
    if event.is_rejection:
        why = f": {visible(event.reason)}" if event.reason else ""
        return f"{visible(event.plan)} revision {event.revision} rejected by {visible(event.by)}{why}"
    return f"{visible(event.plan)} revision {event.revision}: {step} by {visible(event.by)}"


@_told.register
def _(event: ApprovalResolved) -> str:
    return event.told().removeprefix(f"{visible(event.approval_id)} ")


@_told.register
def _(event: ActionStarted) -> str:
    return f"{event.index}  {called(event.kind, without_kind(event.arguments))}"


@_told.register
def _(event: ActionFinished) -> str:
    return f"{event.index}  {quoted(event.result)}"
