"""Who answers approvals: a person, a flag, or nobody."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from flowai.cli.cards import show_approval
from flowai.cli.shown import is_action, reviewed, safe
from flowai.cli.terminal import ask, choose
from flowai.specs.decision import Approve, Reject

if TYPE_CHECKING:
    from rich.console import Console

    from flowai.events import ApprovalRequired
    from flowai.specs.decision import Decision

NOBODY = "standard input is no terminal, so nobody can be asked; `--yes` approves everything"


class Reviewer(Protocol):
    """Whoever answers approvals."""

    async def decide(self, event: ApprovalRequired) -> Decision:
        """Answer one."""
        ...


@dataclass
class YesToAll:
    """Approves everything, as `--yes` says."""

    console: Console

    async def decide(self, event: ApprovalRequired) -> Decision:
        """Approve and say so."""
        self.console.print(reviewed(f"approved by --yes: {event.title}", "yellow"))
        return Approve(reason="--yes")


@dataclass
class Nobody:
    """Refuses everything, because nobody can be asked."""

    console: Console
    refused: int = field(default=0, init=False)

    async def decide(self, event: ApprovalRequired) -> Decision:
        """Refuse and say why."""
        self.refused += 1
        self.console.print(reviewed(f"refused: {event.title}: {NOBODY}", "bold red"))
        return Reject(NOBODY)


@dataclass
class Person:
    """Shows what waits and asks."""

    console: Console

    async def decide(self, event: ApprovalRequired) -> Decision:
        """Show the cards and take the answer; the end of input is a no."""
        show_approval(self.console, event)
        choices = ["approve", "reject", "edit", *(["pick"] if _actions(event) else [])]
        match await choose(self.console, "decide", choices):
            case "approve":
                return Approve()
            case "edit":
                return await self._edit(event)
            case "pick":
                return await self._pick(event)
            case "reject":
                return Reject(await ask(self.console, "why? (the agent reads it)") or None)
            case _:
                return Reject("nobody answered")

    async def _edit(self, event: ApprovalRequired) -> Decision:
        place = "0.quantity=12" if _actions(event) else 'name="value"'
        self.console.print(safe(f"one change a line, such as {place}; an empty line ends", "dim"))
        edits: dict[Any, Any] = {}
        while line := (await ask(self.console, "change") or "").strip():
            if not add_edit(edits, line):
                self.console.print(safe(f"write {place}", "dim"))
        return Approve(edits=edits or None)

    async def _pick(self, event: ApprovalRequired) -> Decision:
        known = _actions(event)
        while (line := await ask(self.console, f"which of {', '.join(map(str, known))}?")) is not None:
            numbers = line.replace(",", " ").split()
            if numbers and all(number.isdecimal() and int(number) in known for number in numbers):
                return Approve(actions=sorted({int(number) for number in numbers}))
            self.console.print(safe("write the numbers of the actions that may run, such as: 0 2", "dim"))
        return Reject("nobody answered")


def add_edit(edits: dict[Any, Any], line: str) -> bool:
    """Read one change: an action's field after its number, or a field by name; values are JSON or words.

    Example:
        >>> edits = {}
        >>> add_edit(edits, "0.quantity=12"), add_edit(edits, "goal=less")
        (True, True)
        >>> edits
        {0: {'quantity': 12}, 'goal': 'less'}
    """
    place, equals, written = line.partition("=")
    number, dot, name = place.strip().partition(".")
    if not equals or not number or (dot and not (number.isdecimal() and name)):
        return False
    if dot:
        edits.setdefault(int(number), {})[name.strip()] = _value(written.strip())
    else:
        edits[number] = _value(written.strip())
    return True


def _value(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return written


def _actions(event: ApprovalRequired) -> list[int]:
    return [card["index"] for card in event.cards if is_action(card)]
