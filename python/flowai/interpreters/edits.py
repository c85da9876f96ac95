"""A decision about a plan, checked by the plan's own type before it counts."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import ApprovalError, FlowaiError

if TYPE_CHECKING:
    from flowai.specs.plan import Plan

HINT = "nothing was decided; answer again"


def checked(plan: Plan[Any], body: dict[str, Any], decision: dict[str, Any]) -> dict[str, Any]:
    """Return a decision with its edits as the plan's own type writes them.

    Raises:
        ApprovalError: What the type objects to, or an action that the plan does not have; nothing was decided.
    """
    check_choice(plan, body, decision.get("actions") or [])
    edits = decision.get("edits")
    check_edited(decision.get("actions"), edits or {})
    return {**decision, "edits": checked_edits(plan, body, edits)} if edits else decision


def checked_edits(plan: Plan[Any], body: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """Return edits as the plan's own type writes them.

    Raises:
        ApprovalError: What the type objects to, or a value that it does not have; nothing was decided.
    """
    edited = copy.deepcopy(body)
    for place, change in edits.items():
        changed = {key: change[key] if is_index(place) else change for key in _keys(place, change)}
        _target(plan, edited, place).update(changed)
    dumped = _dumped(plan, edited)
    return {place: _written(plan, dumped, place, change) for place, change in edits.items()}


def standing_body(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a stored plan as it is shown: without the actions that were left out before."""
    body: dict[str, Any] = stored["body"]
    left_out = {each["index"] for each in stored["actions"] if each["status"] == "skipped"}
    field = stored["actions_field"]
    if field is None or not left_out:
        return body
    kept = [each for index, each in enumerate(body[field]) if index not in left_out]
    return {**body, field: kept}


def check_choice(plan: Plan[Any], body: dict[str, Any], chosen: list[int]) -> None:
    """Refuse a choice of actions that the plan does not have.

    Raises:
        ApprovalError: Naming the first of them; nothing was decided.
    """
    count = len(_actions(plan, body))
    for index in chosen:
        if index >= count:
            raise ApprovalError(f"the plan has no action {index}; it has {count}", hint=HINT)


def check_edited(chosen: list[int] | None, edits: dict[str, Any]) -> None:
    """Refuse an edit of an action that was not chosen: it would be dropped in silence.

    Raises:
        ApprovalError: Naming the first of them; nothing was decided.
    """
    for place in edits:
        if chosen is not None and is_index(place) and int(place) not in chosen:
            raise ApprovalError(f"action {place} is edited and not among the approved {chosen}", hint=HINT)


def is_index(place: str) -> bool:
    """Whether an edit names an action by its number; the core reads ASCII digits alone as one."""
    return place.isascii() and place.isdigit()


def _actions(plan: Plan[Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    return [] if plan.actions_field is None else body.get(plan.actions_field, [])


def _target(plan: Plan[Any], body: dict[str, Any], place: str) -> dict[str, Any]:
    if not is_index(place):
        return body
    check_choice(plan, body, [int(place)])
    return _actions(plan, body)[int(place)]


def _keys(place: str, change: object) -> list[str]:
    if not is_index(place):
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
    return {key: target[key] for key in change} if is_index(place) else target[place]
