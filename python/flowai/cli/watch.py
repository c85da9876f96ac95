"""The live view of a run: a line an event, and below them what each agent does now."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from flowai.cli.cards import show_changes
from flowai.cli.shown import safe
from flowai.events import (
    AgentFinished,
    ModelAnswered,
    ModelCalled,
    PlanChanged,
    ReferenceStored,
    TextDelta,
    ToolCalled,
    ToolProgressed,
)
from flowai.events.visible import quoted, visible

if TYPE_CHECKING:
    from rich.console import Console

    from flowai.events import Event

LINES = {
    "agent_called": ("→", "bold magenta"),
    "model_answered": ("“", "italic"),
    "model_retried": ("↻", "yellow"),
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
    "action_started": ("▸", "green"),
    "action_finished": ("✓", "bold green"),
    "action_failed": ("✗", "bold red"),
    "action_in_doubt": ("?", "bold red"),
    "action_skipped": ("-", "dim"),
    "limit_reached": ("!", "bold red"),
    "run_cancelled": ("✗", "bold red"),
}
"""The events worth a line to someone who watches; `--json` prints them all."""


class Watch:
    """Shows the events of a run while they come."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._doing: dict[str, str] = {}
        self._live: Live | None = None

    @contextmanager
    def running(self) -> Generator[None]:
        """Keep the lower part alive; without a terminal there is none."""
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, transient=True, get_renderable=self._below) as self._live:
            yield
        self._live = None

    @contextmanager
    def paused(self) -> Generator[None]:
        """Leave the terminal to a question."""
        live = self._live
        if live is not None:
            live.stop()
        try:
            yield
        finally:
            if live is not None:
                live.start(refresh=True)

    def show(self, event: Event) -> None:
        """Show one event."""
        self._note(event)
        if event.type not in LINES or (isinstance(event, ModelAnswered) and not event.text):
            return
        symbol, style = LINES[event.type]
        line = Text.assemble(safe(f"{event.agent or '':<18} ", "dim"), (f"{symbol} ", style), (f"{event.type:<17} ", style))
        self.console.print(line.append(_told(event)), no_wrap=True, overflow="ellipsis", crop=True)
        if isinstance(event, PlanChanged) and event.diff:
            show_changes(self.console, event.diff)

    def _note(self, event: Event) -> None:
        agent = event.agent or "program"
        match event:
            case ModelCalled():
                self._doing[agent] = f"asks {event.model}"
            case TextDelta():
                self._doing[agent] = f"{self._doing.get(agent, '')}{event.text}"[-60:]
            case ToolCalled():
                self._doing[agent] = f"calls {event.tool}"
            case ToolProgressed():
                self._doing[agent] = event.told()
            case AgentFinished():
                self._doing.pop(agent, None)
            case _:
                pass

    def _below(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        for agent, what in self._doing.items():
            grid.add_row(Spinner("dots", style="cyan"), safe(agent, "bold"), safe(what, "dim"))
        return grid


def _told(event: Event) -> str:
    match event:
        case ModelAnswered():
            return visible(event.text)
        case ReferenceStored():
            return f"{visible(event.kind)}: {event.bytes:,} bytes stay here, the model sees {quoted(event.glimpse)}"
        case _:
            # Safe to show already: an event spells out what a terminal would obey.
            return event.told()
