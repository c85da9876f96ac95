"""A plan as the store has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowai.specs.plan_instance import PlanAction, PlanMoment, named


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """A plan, its actions and its history."""

    plan_id: str
    plan: str
    """The name of its kind."""
    thread_id: str
    revision: int
    status: str
    body: Any
    rejection: str | None
    """Why the revision that stands was rejected, where it was."""
    actions: tuple[PlanAction, ...]
    calls: tuple[dict[str, Any], ...]
    """The calls of an executor without a dispatcher."""
    history: tuple[PlanMoment, ...]

    @classmethod
    def read(cls, written: dict[str, Any]) -> PlanRecord:
        """Read what the native part keeps of a plan."""
        field = written["actions_field"]
        items: list[Any] = [] if field is None else written["body"].get(field, [])
        return cls(
            plan_id=written["id"],
            plan=written["plan"],
            thread_id=written["thread"],
            revision=written["revision"],
            status=written["status"],
            body=written["body"],
            rejection=written["rejection"],
            actions=tuple(_action(each, items) for each in written["actions"]),
            calls=tuple(written["calls"]),
            history=tuple(map(PlanMoment.read, written["history"])),
        )


def _action(written: dict[str, Any], items: list[Any]) -> PlanAction:
    fields: dict[str, Any] = {**written, "by": named(written["by"]), "arguments": items[written["index"]]}
    return PlanAction(**fields)
