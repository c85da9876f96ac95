"""A decision about a plan, checked by the plan's own type before it counts."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import ApprovalError, FlowaiError

if TYPE_CHECKING:
    from flowai.specs.plan import Plan

HINT = "nothing was decided; answer again"


def checked_edits(plan: Plan[Any], body: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """Return edits as the plan's own type writes them.

    Raises:
        ApprovalError: What the type objects to, or a value that it does not have; nothing was decided.
    """
    edited = copy.deepcopy(body)
    for place, change in edits.items():
        changed = {key: change[key] if place.isdigit() else change for key in _keys(place, change)}
        _target(plan, edited, place).update(changed)
    dumped = _dumped(plan, edited)
    return {place: _written(plan, dumped, place, change) for place, change in edits.items()}


def check_choice(plan: Plan[Any], body: dict[str, Any], chosen: list[int]) -> None:
    """Refuse a choice of actions that the plan does not have.

    Raises:
        ApprovalError: Naming the first of them; nothing was decided.
    """
    count = len(_actions(plan, body))
    for index in chosen:
        if index >= count:
            raise ApprovalError(f"the plan has no action {index}; it has {count}", hint=HINT)


def _actions(plan: Plan[Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    return [] if plan.actions_field is None else body.get(plan.actions_field, [])


def _target(plan: Plan[Any], body: dict[str, Any], place: str) -> dict[str, Any]:
    if not place.isdigit():
        return body
    check_choice(plan, body, [int(place)])
    return _actions(plan, body)[int(place)]


def _keys(place: str, change: object) -> list[str]:
    if not place.isdigit():
        return [place]
    if not isinstance(change, dict):
        raise ApprovalError(f"the edit of action {place} is not a mapping of fields to values", hint=HINT)
    return list(cast("dict[str, object]", change))


def _dumped(plan: Plan[Any], edited: dict[str, Any]) -> dict[str, Any]:
    try:
        return plan.dump(plan.validate(edited))
    except FlowaiError as error:
        raise ApprovalError(f"the edits do not fit: {error.message}", hint=HINT) from error


def _written(plan: Plan[Any], dumped: dict[str, Any], place: str, change: Any) -> Any:
    target = _target(plan, dumped, place)
    # A type may ignore what it does not know; a human who misspells a field must not believe it was changed.
    for key in _keys(place, change):
        if key not in target:
            raise ApprovalError(f"the edits do not fit: there is no field `{key}` to edit", hint=HINT)
    return {key: target[key] for key in change} if place.isdigit() else target[place]
