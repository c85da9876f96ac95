"""One question for the store of plans: move this plan on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from flowai.effects.effect import Effect
from flowai.effects.families import Plans

PlanStatus: TypeAlias = Literal["DRAFT", "APPROVED", "EXECUTING", "EXECUTED", "FAILED"]
"""Where a plan stands in its lifecycle."""


@dataclass(frozen=True)
class AdvancePlan(Effect[str], Plans):
    """Move a plan to another status and answer with the status it has then.

    Raises:
        PlanError: The table of the lifecycle has no such step.

    Example:
        >>> AdvancePlan("p1", "EXECUTING").encode()
        {'plan_id': 'p1', 'to': 'EXECUTING'}
    """

    plan_id: str
    """Which plan."""
    to: PlanStatus
    """Where to."""
