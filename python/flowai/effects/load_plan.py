"""One question for the store of plans: give this plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import Plans

if TYPE_CHECKING:
    from flowai.specs.plan import Plan

A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True)
class LoadPlan(Effect[A_co], Plans):
    """Load a plan and answer with its latest revision, typed.

    Raises:
        PlanError: The thread has no such plan.

    Example:
        `plan = yield from LoadPlan(scenario_plan)`
    """

    plan: Plan[A_co]
    """The kind of plan."""
    plan_id: str | None = None
    """Which plan; None is the current one of the thread."""

    @property
    def codec(self) -> Codec:
        """How the plan is written as JSON and read back."""
        return Codec.of(self.plan.schema, where=f"plan `{self.plan.name}`")

    def encode(self) -> dict[str, Any]:
        """Write the kind and the id as JSON."""
        return {"plan": self.plan.name, "plan_id": self.plan_id}
