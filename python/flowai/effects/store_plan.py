"""One question for the store of plans: keep this draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import Plans
from flowai.effects.plan_codec import PlanCodec
from flowai.specs.plan_instance import PlanInstance

if TYPE_CHECKING:
    from flowai.specs.plan import Plan

T = TypeVar("T")


@dataclass(frozen=True)
class StorePlan(Effect[PlanInstance[T]], Plans, Generic[T]):
    """Store a plan as a draft, or as a new revision of the thread's draft, and answer with the instance.

    Raises:
        PlanError: The plan is not valid.

    Example:
        `draft = yield from StorePlan(scenario_plan, body)`
    """

    plan: Plan[T]
    """The kind of plan, made by `define_plan`."""
    body: T
    """The plan itself."""

    @property
    def codec(self) -> Codec:
        """How the instance is written as JSON and read back."""
        return PlanCodec(self.plan)

    def encode(self) -> dict[str, Any]:
        """Write the kind of plan and the plan as JSON.

        Raises:
            ValueNotJson: The plan is not of the type that its kind declares.
        """
        body = Codec.of(self.plan.schema, where=f"plan `{self.plan.name}`").encode(self.body)
        return {"plan": self.plan.name, "body": body}
