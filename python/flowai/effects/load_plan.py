"""One question for the store of plans: give this plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from flowai.effects.effect import Effect
from flowai.effects.families import Plans
from flowai.effects.plan_codec import PlanCodec
from flowai.specs.plan_instance import PlanInstance

if TYPE_CHECKING:
    from flowai.effects.codec import Codec
    from flowai.specs.plan import Plan

T = TypeVar("T")


@dataclass(frozen=True)
class LoadPlan(Effect[PlanInstance[T]], Plans, Generic[T]):
    """Load a plan and answer with the instance at its latest revision, the body typed.

    Raises:
        PlanError: The thread has no such plan.

    Example:
        `stored = yield from LoadPlan(scenario_plan)`
    """

    plan: Plan[T]
    """The kind of plan."""
    plan_id: str | None = None
    """Which plan; None is the current one of the thread."""

    @property
    def codec(self) -> Codec:
        """How the instance is written as JSON and read back."""
        return PlanCodec(self.plan)

    def encode(self) -> dict[str, Any]:
        """Write the kind and the id as JSON."""
        return {"plan": self.plan.name, "plan_id": self.plan_id}
