"""One question for the store of plans: move this plan on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from flowai.effects.effect import Effect
from flowai.effects.families import Plans
from flowai.effects.plan_codec import PlanCodec
from flowai.specs.plan_instance import PlanInstance, PlanStatus

if TYPE_CHECKING:
    from flowai.effects.codec import Codec
    from flowai.specs.plan import Plan

T = TypeVar("T")


@dataclass(frozen=True, init=False)
class AdvancePlan(Effect[PlanInstance[T]], Plans, Generic[T]):
    """Move a plan to another status and answer with the instance as it stands then.

    To `APPROVED` it passes the gate: a human, or a rule, decides about the latest revision.

    Args:
        plan: The instance, or its id; only an instance knows how its body is typed.
        to: Where to.

    Raises:
        PlanError: The table of the lifecycle has no such step.
        ApprovalRejected: A human refused the plan, or nobody answered in time.

    Example:
        >>> AdvancePlan("p1", "EXECUTING").encode()
        {'plan_id': 'p1', 'to': 'EXECUTING'}
    """

    plan_id: str
    """Which plan."""
    to: PlanStatus
    """Where to."""
    plan: Plan[T] | None
    """The kind by which the body is typed; none where only the id is known."""

    @overload
    def __init__(self, plan: PlanInstance[T], to: PlanStatus) -> None: ...
    @overload
    def __init__(self: AdvancePlan[Any], plan: str, to: PlanStatus) -> None: ...
    def __init__(self, plan: PlanInstance[Any] | str, to: PlanStatus) -> None:
        put = object.__setattr__
        put(self, "plan_id", plan if isinstance(plan, str) else plan.plan_id)
        put(self, "to", to)
        put(self, "plan", None if isinstance(plan, str) else plan.kind)

    @property
    def codec(self) -> Codec:
        """How the instance is written as JSON and read back."""
        return PlanCodec(self.plan)

    def encode(self) -> dict[str, Any]:
        """Write the id and the status as JSON."""
        return {"plan_id": self.plan_id, "to": self.to}
