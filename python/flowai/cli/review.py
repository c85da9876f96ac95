"""Who answers approvals: a person, a flag, or nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from flowai.cli.cards import show_approval
from flowai.cli.edits import add_edit
from flowai.cli.shown import is_action, reviewed, safe
from flowai.cli.terminal import ask, choose
from flowai.specs.decision import Approve, Failed, Happened, Reject, RunAgain

if TYPE_CHECKING:
    from rich.console import Console

    from flowai.events import ApprovalRequired
    from flowai.specs.decision import Decision

NOBODY = "standard input is no terminal, so nobody can be asked; `--yes` approves everything"


class InputEnded(Exception):
    """Nobody is there to write the rest of an answer."""


class Reviewer(Protocol):
    """Whoever answers approvals."""

    async def decide(self, event: ApprovalRequired) -> Decision | None:
        """Answer one; nothing leaves the question as it stands."""
        ...


@dataclass
class YesToAll:
    """Approves everything, as `--yes` says; a write in doubt counts as failed."""

    console: Console

    async def decide(self, event: ApprovalRequired) -> Decision:
        """Approve and say so; what became of a write it cannot know."""
        if event.kind == "in_doubt":
            self.console.print(reviewed(f"counted as failed: {event.title}: --yes cannot know", "yellow"))
            return Failed("--yes cannot know what became of it")
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
        try:
            return await self.answer(event)
        except InputEnded:
            return Failed("nobody answered") if event.kind == "in_doubt" else Reject("nobody answered")

    async def answer(self, event: ApprovalRequired) -> Decision:
        """Show the cards and take the answer.

        Raises:
            InputEnded: The input ended before the answer did.
        """
        show_approval(self.console, event)
        if event.kind == "in_doubt":
            return await self._settle()
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
                raise InputEnded

    async def _settle(self) -> Decision:
        match await choose(self.console, "what became of it", ["failed", "happened", "run_again"]):
            case "happened":
                return Happened()
            case "run_again":
                return RunAgain()
            case "failed":
                return Failed(await ask(self.console, "why? (the agent reads it)") or None)
            case _:
                raise InputEnded

    async def _edit(self, event: ApprovalRequired) -> Decision:
        place = "0.quantity=12" if _actions(event) else 'name="value"'
        self.console.print(safe(f"one change a line, such as {place}; an empty line ends", "dim"))
        edits: dict[Any, Any] = {}
        while line := await self._line("change"):
            if not add_edit(edits, line):
                self.console.print(safe(f"write {place}", "dim"))
        return Approve(edits=edits or None)

    async def _pick(self, event: ApprovalRequired) -> Decision:
        known = _actions(event)
        while True:
            line = await self._line(f"which of {', '.join(map(str, known))}?")
            numbers = line.replace(",", " ").split()
            if numbers and all(number.isdecimal() and int(number) in known for number in numbers):
                return Approve(actions=sorted({int(number) for number in numbers}))
            self.console.print(safe("write the numbers of the actions that may run, such as: 0 2", "dim"))

    async def _line(self, question: str) -> str:
        line = await ask(self.console, question)
        if line is None:
            raise InputEnded
        return line.strip()


@dataclass
class Leaving:
    """Asks a person, if one is there, and leaves what nobody answers to the store that keeps it."""

    person: Person | None

    async def decide(self, event: ApprovalRequired) -> Decision | None:
        """Show the cards and take the answer; the end of input is none."""
        if self.person is None:
            return None
        try:
            return await self.person.answer(event)
        except InputEnded:
            return None


def _actions(event: ApprovalRequired) -> list[int]:
    return [card["index"] for card in event.cards if is_action(card)]
