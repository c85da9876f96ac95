"""The rules that an interpreter adds to those of a runtime; they only ever ask more."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, TypedDict, cast

from flowai.specs.faults import Faults, refuse
from flowai.specs.names import did_you_mean
from flowai.specs.rule import RuleLike, to_rule, to_rules

if TYPE_CHECKING:
    from flowai.specs.encoding import JsonObject


class AgentPolicy(TypedDict, total=False):
    """Rules to add: one for plans, one for tools, one for each tool that is named."""

    plans: RuleLike
    tools: RuleLike
    tool_approvals: Mapping[str, RuleLike]


class AddedPolicy(AgentPolicy, total=False):
    """Rules to add for every agent, and under `agents` for some by name."""

    agents: Mapping[str, AgentPolicy]


HINT = 'write {"tools": "always"}, {"tool_approvals": {"delete_row": "always"}} or {"agents": {"clerk": {...}}}'


def policy_json(written: object, where: str = "policy") -> JsonObject:
    """Return the JSON form of the rules that an interpreter adds.

    Raises:
        SpecError: listing every unknown key and every bad rule.

    Example:
        >>> policy_json({"tool_approvals": {"wipe": "always"}})["tool_approvals"]
        {'wipe': 'always'}
    """
    return _read(written, where, ("plans", "tools", "tool_approvals", "agents"))


def _read(written: object, where: str, known: tuple[str, ...]) -> JsonObject:
    faults = Faults(where)
    read: JsonObject = {"plans": None, "tools": None, "tool_approvals": {}, "agents": {}}
    for key, value in _mapping(written, where).items():
        if key not in known:
            faults.add(f"unknown key `{key}` in `{where}`", hint=did_you_mean(key, known))
        else:
            read[key] = faults.attempt(partial(_part, key, value, f"{where}: `{key}`"))
    faults.raise_if_any()
    return read


def _part(key: str, value: object, where: str) -> object:
    if key == "tool_approvals":
        rules = to_rules(_mapping(value, where), where, field=key)
        return {tool: rule.to_json() for tool, rule in rules.items()}
    if key == "agents":
        of_agent = ("plans", "tools", "tool_approvals")
        return {name: _read(rules, f"{where}: `{name}`", of_agent) for name, rules in _mapping(value, where).items()}
    return to_rule(value, where).to_json()


def _mapping(written: object, where: str) -> Mapping[str, object]:
    if isinstance(written, Mapping):
        return cast("Mapping[str, object]", written)
    raise refuse(where, f"`{written!r}` is not a mapping", hint=HINT)
