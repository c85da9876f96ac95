"""Reopening: how a kept run is begun again from what the store has of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flowai.interpreters.afterwards import Beginning
from flowai.programs.written import read_program, write_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai._bridge import Session
    from flowai.interpreters.drive import Drive
    from flowai.interpreters.setting import Setting


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a run is that is not here."""

    reopen: Callable[[Setting], tuple[Session, str, Any]]
    """Gives a session that goes on from the store, and what to begin it with."""
    events: Callable[[str, str, int], list[dict[str, Any]]]
    """The events that the store has of a tenant's run after a number, in JSON types."""
    when_parked: Callable[[Drive], None]
    """Who is told that the run was let go."""
    when_back: Callable[[Drive], None]
    """Who is told that it is here again."""


def written_task(task: Any) -> dict[str, Any]:
    """Write what a run does so that another process can begin it again.

    Raises:
        ProgramError: It is a program that no other process could find.
        ValueNotJson: An argument of it is not what JSON gives back unchanged.
    """
    if isinstance(task, tuple):
        agent, message = cast("tuple[str, str]", task)
        return {"agent": agent, "message": message}
    if isinstance(task, Beginning):
        return {"beginning": task.written}
    return {"program": write_program(task)}


def read_task(written: dict[str, Any], begun: Callable[[dict[str, Any]], Beginning]) -> Any:
    """Read what a run does."""
    if "agent" in written:
        return written["agent"], written["message"]
    if "beginning" in written:
        return begun(written["beginning"])
    return read_program(written["program"])


def uncrashed(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run whose scripted crash has happened."""
    troubles: dict[str, list[dict[str, Any]]] = config.get("troubles", {})
    left = {place: [each for each in listed if each.get("trouble") != "crashes"] for place, listed in troubles.items()}
    return {**config, "troubles": left} if troubles else config
