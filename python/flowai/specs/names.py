"""How a name of the user's is checked, how a mistyped one is answered, and what a value without a name is called."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WIRE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What every provider accepts as the name of a tool."""


def wire_name_problem(name: object) -> str | None:
    """Say what is wrong with a name that goes to a provider, or nothing.

    Example:
        >>> wire_name_problem("find_products") is None
        True
        >>> wire_name_problem("find products")
        '`find products` is not a usable name'
    """
    if isinstance(name, str) and WIRE_NAME.fullmatch(name):
        return None
    return f"`{name}` is not a usable name"


WIRE_NAME_HINT = "use up to 64 letters, digits, `_` and `-`, and start with a letter or `_`"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a mistyped one most likely means.

    Example:
        >>> nearest("delete_rwo", ["delete_row", "read_row"])
        'delete_row'
    """
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Advise on a name that is not known: the nearest one, or all of them.

    Example:
        >>> did_you_mean("raed", ["read", "write"])
        'did you mean `read`?'
    """
    names = list(known)
    close = nearest(name, names)
    if close is not None:
        return f"did you mean `{close}`?"
    return "known: " + (", ".join(f"`{each}`" for each in names) or "none")


def short_form(value: object, characters_max: int) -> str:
    """Write a value for a label or a message, cut where it is long.

    What has no `repr` that ends is told by its type: to name a value must never be what ends a run.

    Example:
        >>> short_form({"sku": "A-1", "units": 3}, 17)
        "{'sku': 'A-1',..."
    """
    try:
        written = repr(value)
    except Exception:  # noqa: BLE001 — a user's `__repr__` may raise anything, and deep nesting overflows
        written = f"<{type(value).__name__}>"
    return written if len(written) <= characters_max else f"{written[: characters_max - 3]}..."
