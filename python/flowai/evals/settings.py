"""What the settings of the matcher may be, said where they are written rather than once for each sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flowai.errors import SpecError
from flowai.specs.names import did_you_mean

WORDS: Mapping[str, tuple[str, ...]] = {
    "order": ("sequence", "any", "partial"),
    "extra": ("forbid", "allow"),
    "missing": ("forbid", "allow"),
    "args": ("exact", "subset", "superset", "ignore", "share"),
    "count": ("successful", "all"),
    "value": ("bool", "precision", "recall", "f1", "lcs_f1", "edit"),
}
TOLERANCES = ("relative", "absolute")
OF_A_TOOL = ("args", "ignore", "only", *TOLERANCES)
"""What a tool may have of its own."""


def check_settings(scorer: object) -> None:
    """Refuse settings that no matcher has.

    Raises:
        SpecError: naming the setting, and what it may be.
    """
    where = type(scorer).__name__
    for name in (*WORDS, *TOLERANCES):
        if hasattr(scorer, name):
            _check(name, getattr(scorer, name), where)
    credit: Any = getattr(scorer, "name_credit", 0)
    if not 0 <= credit <= 1:
        raise SpecError(f"`name_credit` is {credit!r}", where=where, hint="give a number from 0 to 1")
    tools: Mapping[str, Mapping[str, Any]] = getattr(scorer, "tools", {})
    for tool, own in tools.items():
        for name, value in own.items():
            if name not in OF_A_TOOL:
                hint = did_you_mean(name, OF_A_TOOL)
                raise SpecError(f"`{tool}` has no setting `{name}` of its own", where=where, hint=hint)
            _check(name, value, f"{where}, `{tool}`")


def _check(name: str, value: Any, where: str) -> None:
    if name in TOLERANCES and not (math.isfinite(value) and value >= 0):
        raise SpecError(f"`{name}` is {value!r}", where=where, hint="give a number from 0")
    if name in WORDS and (isinstance(value, str) or name != "extra") and value not in WORDS[name]:
        hint = did_you_mean(str(value), WORDS[name])
        hint = f"{hint}, or a list of tools" if name == "extra" else hint
        raise SpecError(f"`{name}` is {value!r}", where=where, hint=hint)
