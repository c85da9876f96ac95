"""Values that are others in every run: ids, keys and times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

PATTERNS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a UUID
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d"  # a date with a time
    r"|\b(?:plan|approval|run)_?-?[0-9a-f]{12,}",
    re.IGNORECASE,
)
NAMES = ("run_id", "plan_id", "approval_id", "idempotency_key")
ANY = {"$any": True}


def known_volatile(events: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the ids and keys that a run was given.

    Example:
        >>> sorted(known_volatile([{"type": "plan_stored", "plan_id": "plan_1"}]))
        ['plan_1']
    """
    return frozenset(str(event[name]) for event in events for name in NAMES if event.get(name))


def is_volatile(value: object, known: frozenset[str]) -> bool:
    """Whether a text is, or holds, what another run would not have."""
    return isinstance(value, str) and (bool(PATTERNS.search(value)) or any(each in value for each in known))


def marked(value: Any, known: frozenset[str]) -> Any:
    """Return a value with a mark for each volatile part of it.

    Example:
        >>> marked({"plan": "plan_1", "units": [3]}, frozenset({"plan_1"}))
        {'plan': {'$any': True}, 'units': [3]}
    """
    if isinstance(value, Mapping):
        return {key: marked(each, known) for key, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [marked(each, known) for each in cast("Sequence[object]", value)]
    return dict(ANY) if is_volatile(value, known) else value
