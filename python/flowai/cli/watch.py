"""The live view of a run: a line an event, and below them what each agent does now."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from flowai.cli.cards import show_changes
from flowai.cli.lines import heading_of, line_of
from flowai.cli.shown import safe
from flowai.events import (
    ActionFailed,
    ActionFinished,
    ActionStarted,
    AgentFinished,
    ModelCalled,
    PlanChanged,
    TextDelta,
    ToolAnswered,
    ToolCalled,
    ToolProgressed,
)

if TYPE_CHECKING:
    from rich.console import Console

    from flowai.events import Event


class Watch:
    """Shows the events of a run while they come."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._heading = ""
        self._doing: dict[str, str] = {}
        self._acting: set[str | None] = set()
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
            self._heading = ""
            if live is not None:
                live.start(refresh=True)

    def show(self, event: Event) -> None:
        """Show one event."""
        self._note(event)
        line = line_of(event)
        if line is None or self._is_told_by_its_action(event):
            return
        heading = heading_of(event)
        if heading.plain != self._heading:
            self._heading = heading.plain
            self.console.print(heading)
        self.console.print(line, no_wrap=True, overflow="ellipsis", crop=True)
        if isinstance(event, PlanChanged) and event.diff:
            show_changes(self.console, event.diff)

    def _is_told_by_its_action(self, event: Event) -> bool:
        """Whether a line about the action says it already."""
        return event.agent in self._acting and isinstance(event, ToolCalled | ToolAnswered)

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
            case ActionStarted():
                self._acting.add(event.agent)
            case ActionFinished() | ActionFailed():
                self._acting.discard(event.agent)
            case _:
                pass

    def _below(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        for agent, what in self._doing.items():
            grid.add_row(Spinner("dots", style="cyan"), safe(agent, "bold"), safe(what, "dim"))
        return grid
