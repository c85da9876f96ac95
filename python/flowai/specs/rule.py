"""When a human is asked: the approval rules users write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, NotRequired, TypedDict, cast, get_args

from flowai.errors import SpecError
from flowai.specs.faults import Faults, refuse
from flowai.specs.names import did_you_mean

Ask = Literal["always", "never"]
Duration = str | int | float | timedelta
"""`"7d"`, `"90m"`, seconds, or a `timedelta`."""


class WhenRule(TypedDict):
    """Ask where a CEL expression over args, tool, agent, tenant and principal holds."""

    when: str
    expires_in: NotRequired[Duration]


class AskRule(TypedDict):
    """Ask always or never, with an expiry of its own."""

    ask: Ask
    expires_in: NotRequired[Duration]


RuleLike = Ask | WhenRule | AskRule
"""What a user may write where a rule is wanted."""


class Approval(TypedDict, total=False):
    """The rules of an agent or a runtime, one for plans and one for tools."""

    plans: RuleLike
    tools: RuleLike


@dataclass(frozen=True, slots=True)
class Rule:
    """One normalised rule: either `ask` or `when` is set.

    Example:
        >>> to_rule({"when": "args.rows > 100", "expires_in": "2h"}).to_json()
        {'when': 'args.rows > 100', 'expires_in_ms': 7200000}
    """

    ask: Ask | None = None
    when: str | None = None
    expires_in_ms: int | None = None

    def to_json(self) -> Any:
        """Return the JSON form that the core reads."""
        if self.when is not None:
            return {"when": self.when, "expires_in_ms": self.expires_in_ms}
        if self.expires_in_ms is None:
            return self.ask
        return {"ask": self.ask, "expires_in_ms": self.expires_in_ms}


def to_rule(written: object, where: str = "approval") -> Rule:
    """Normalise a rule a user wrote.

    Raises:
        SpecError: it is no rule; a mistyped one must never mean "do not ask".

    Example:
        >>> to_rule("always").to_json()
        'always'
    """
    if isinstance(written, Rule):
        return written
    if isinstance(written, str):
        return Rule(ask=_ask(written, where))
    if not isinstance(written, Mapping):
        raise refuse(where, f"`{written!r}` is not an approval rule", hint=RULE_HINT)
    return _from_mapping(cast("Mapping[str, object]", written), where)


RULE_HINT = 'write "always", "never", or {"when": "<CEL expression>", "expires_in": "2h"}'


def approval_json(rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Return the JSON form of the rules for plans and tools."""
    found = {subject: rules.get(subject) for subject in ("plans", "tools")}
    return {subject: None if rule is None else rule.to_json() for subject, rule in found.items()}


def to_approval(written: object, where: str) -> dict[str, Rule]:
    """Normalise `{"plans": rule, "tools": rule}`; either may be absent.

    Raises:
        SpecError: listing every unknown key and every bad rule.
    """
    if written is None:
        return {}
    if not isinstance(written, Mapping):
        hint = 'write {"plans": "always", "tools": "never"}'
        raise refuse(where, "`approval` is not a mapping of `plans` and `tools`", hint=hint)
    rules = cast("Mapping[str, object]", written)
    return to_rules(rules, where, field="approval", known=("plans", "tools"))


def to_rules(
    written: Mapping[str, object], where: str, *, field: str, known: tuple[str, ...] | None = None
) -> dict[str, Rule]:
    """Normalise a mapping of names to rules.

    Raises:
        SpecError: listing every unknown key and every bad rule.
    """
    faults = Faults(where)
    rules: dict[str, Rule] = {}
    for key, value in written.items():
        if known is not None and key not in known:
            faults.add(f"unknown key `{key}` in `{field}`", hint=did_you_mean(key, known))
            continue
        try:
            rules[key] = to_rule(value, f"{where}: `{field}[{key!r}]`")
        except SpecError as error:
            faults.adopt(error)
    faults.raise_if_any()
    return rules


def to_milliseconds(duration: Duration, where: str = "expires_in") -> int:
    """Read a duration.

    Raises:
        SpecError: it is not a positive duration.

    Example:
        >>> to_milliseconds("7d"), to_milliseconds(1.5)
        (604800000, 1500)
    """
    milliseconds = _milliseconds(duration)
    if milliseconds is None or milliseconds <= 0:
        hint = 'write seconds above zero, a `timedelta`, or a text such as "90s", "30m", "12h", "7d"'
        raise refuse(where, f"`{duration!r}` is not a duration", hint=hint)
    return milliseconds


_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*")


def _milliseconds(duration: object) -> int | None:
    if isinstance(duration, timedelta):
        return duration // timedelta(milliseconds=1)
    if isinstance(duration, str):
        match = _DURATION.fullmatch(duration)
        return None if match is None else round(float(match[1]) * _UNITS[match[2]])
    if isinstance(duration, bool) or not isinstance(duration, int | float):
        return None
    return round(duration * 1_000) if abs(duration) < 1e12 else None


def _ask(written: object, where: str) -> Ask:
    if isinstance(written, str) and written in get_args(Ask):
        return cast("Ask", written)
    raise refuse(where, f"`{written}` is not an approval rule", hint=RULE_HINT)


def _from_mapping(written: Mapping[str, object], where: str) -> Rule:
    known = ("when", "ask", "expires_in")
    faults = Faults(where)
    for key in written:
        if key not in known:
            faults.add(f"unknown key `{key}` in an approval rule", hint=did_you_mean(str(key), known))
    if ("when" in written) == ("ask" in written):
        faults.add("a rule needs exactly one of `when` and `ask`", hint=RULE_HINT)
    faults.raise_if_any()
    expires = written.get("expires_in")
    expires_in_ms = None if expires is None else to_milliseconds(cast("Duration", expires), where)
    if "ask" in written:
        ask = _ask(written["ask"], where)
        if ask == "never" and expires_in_ms is not None:
            raise refuse(where, "`never` asks nobody, so nothing expires", hint="leave out `expires_in`")
        return Rule(ask=ask, expires_in_ms=expires_in_ms)
    return Rule(when=_when(written["when"], where), expires_in_ms=expires_in_ms)


def _when(written: object, where: str) -> str:
    if isinstance(written, str) and written.strip():
        return written.strip()
    raise refuse(where, "`when` is not a CEL expression", hint='for example {"when": "args.rows > 100"}')
