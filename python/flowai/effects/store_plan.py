"""One question for the store of plans: keep this draft."""

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
class StorePlan(Effect[A_co], Plans):
    """Store a plan as a draft and answer with it as approved, edits included.

    Raises:
        PlanError: The plan is not valid.
        ApprovalRejected: A human refused the plan, or nobody answered in time.

    Example:
        `approved = yield from StorePlan(scenario_plan, body)`
    """

    plan: Plan[A_co]
    """The kind of plan, made by `define_plan`."""
    body: A_co
    """The plan itself."""

    @property
    def codec(self) -> Codec:
        """How the plan is written as JSON and read back."""
        return Codec.of(self.plan.schema, where=f"plan `{self.plan.name}`")

    def encode(self) -> dict[str, Any]:
        """Write the kind of plan and the plan as JSON.

        Raises:
            ValueNotJson: The plan is not of the type that its kind declares.
        """
        return {"plan": self.plan.name, "body": self.codec.encode(self.body)}
