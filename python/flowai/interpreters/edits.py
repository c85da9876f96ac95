"""Edits of a plan, checked by the plan's own type before they count."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from flowai.errors import ApprovalError, FlowaiError

if TYPE_CHECKING:
    from flowai.specs.plan import Plan


def check_plan_edits(plan: Plan[Any], body: dict[str, Any], edits: dict[str, Any]) -> None:
    """Refuse edits that would not be a plan of this type.

    Raises:
        ApprovalError: What the type objects to; nothing was decided.
    """
    edited = copy.deepcopy(body)
    for place, change in edits.items():
        if place.isdigit() and plan.actions_field is not None:
            actions = edited.get(plan.actions_field, [])
            if int(place) < len(actions):
                actions[int(place)].update(change)
        else:
            edited[place] = change
    try:
        plan.validate(edited)
    except FlowaiError as error:
        raise ApprovalError(f"the edits do not fit: {error.message}", hint="nothing was decided; answer again") from error
