"""What waits for approval, as a reviewer sees it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from flowai.cli.shown import is_action, reviewed, without_kind

if TYPE_CHECKING:
    from rich.console import Console

    from flowai.events import ApprovalRequired, Change
    from flowai.interpreters import PendingApproval

CARD_WIDTH = 38
"""Two cards stand side by side in a terminal of the usual width."""

ACCESS = {
    "read": "only reads",
    "write_idempotent": "writes, may be repeated",
    "write_once": "writes, must not happen twice",
}


def show_approval(console: Console, event: ApprovalRequired | PendingApproval) -> None:
    """Show the question, what would run, and the rule that asks."""
    actions = [_card(card) for card in event.cards if is_action(card)]
    about = [card for card in event.cards if not is_action(card)] or ([] if actions else [event.subject])
    console.print()
    console.print(
        Rule(Text.assemble(("your approval: ", "bold yellow"), reviewed(event.title, "bold")), style="yellow")
    )
    for each in about:
        console.print(_fields(_flat(each)))
    console.print(Columns(actions, width=CARD_WIDTH, equal=True))
    until = _until(event.expires_at)
    console.print(Text.assemble("asked by the rule: ", reviewed(event.rule), f"    until {until}", style="dim"))


def show_changes(console: Console, changes: list[Change]) -> None:
    """Show what an edit or a new revision changed."""
    table = Table("what changed", "before", "after", box=None, padding=(0, 2))
    for change in changes:
        table.add_row(reviewed(change.path), reviewed(change.before, "red"), reviewed(change.after, "green"))
    console.print(table)
    console.print()


def _card(card: Mapping[str, Any]) -> RenderableType:
    can_be_undone = card.get("undo") not in {None, "cannot be undone"}
    undo = reviewed(f"undo: {card['undo']}", "green") if can_be_undone else Text("cannot be undone", "bold red")
    danger = Text(ACCESS.get(str(card.get("access")), "access unknown"), "dim")
    title = reviewed(f"{card['index']}  {card.get('kind', '')}", "bold cyan")
    return Panel(
        Group(_fields(without_kind(card.get("arguments"))), danger, undo),
        title=title,
        title_align="left",
        border_style="cyan",
    )


def _fields(value: Any) -> RenderableType:
    if not isinstance(value, Mapping):
        return reviewed(value)
    grid = Table.grid(padding=(0, 1))
    for name, each in cast("Mapping[str, Any]", value).items():
        grid.add_row(reviewed(name, "dim"), reviewed(each))
    return grid


def _flat(about: Any) -> Any:
    """Put the fields of the goal beside the name of the plan."""
    if not isinstance(about, Mapping):
        return about
    fields = dict(cast("Mapping[str, Any]", about))
    goal = fields.get("goal")
    if not isinstance(goal, Mapping):
        return fields
    del fields["goal"]
    return {**fields, **cast("Mapping[str, Any]", goal)}


def _until(expires_at: int) -> str:
    try:
        return f"{datetime.fromtimestamp(expires_at / 1_000, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return "the end of time"
