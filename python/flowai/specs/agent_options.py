"""What every role may be told, checked before an agent is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, TypeGuard, cast

from flowai.errors import SpecError, ValueNotJson
from flowai.specs.agent import BUILT_IN_TOOLS
from flowai.specs.encoding import Encoding, Json
from flowai.specs.faults import Faults
from flowai.specs.history import HistoryLike, to_history
from flowai.specs.names import WIRE_NAME_HINT, did_you_mean, wire_name_problem
from flowai.specs.numbers import is_whole_and_positive
from flowai.specs.rule import Approval, RuleLike, to_approval, to_rules
from flowai.specs.tool import Tool

if TYPE_CHECKING:
    from flowai.specs.agent import Role


class AgentOptions(TypedDict, total=False):
    """What every role may be told beside its name, model and prompt."""

    tools: Sequence[Tool[..., Any]]
    """What it may call, beside what its role has built in."""
    toolkits: Sequence[str]
    """Groups of native tools, such as `catalog`."""
    approval: Approval | None
    """Rules for `plans` and `tools`."""
    tool_approvals: Mapping[str, RuleLike]
    """Rules for single tools; they win over `approval`."""
    stateful: bool
    """Whether it keeps a history for each thread."""
    settings: Mapping[str, Json]
    """What the provider is told, such as `temperature`."""
    max_steps: int
    """How many model calls one run may take; 50 unless told."""
    history: HistoryLike | None
    """How much of the thread it is shown."""


def read_options(role: Role, given: Mapping[str, object], faults: Faults) -> dict[str, Any]:
    """Check and normalise the options of a role; what is wrong goes to `faults`."""
    read: dict[str, Any] = {}
    for option, value in given.items():
        if option in _READERS:
            read[option] = faults.attempt(partial(_READERS[option], value, faults.where))
        else:
            faults.add(f"unknown option `{option}`", hint=did_you_mean(option, _READERS))
    _check_tool_names(role, read.get("tools") or (), faults)
    return read


def check_identity(name: object, model: object, prompt: object, faults: Faults) -> None:
    """Check what every agent has."""
    if problem := wire_name_problem(name):
        faults.add(problem, hint=WIRE_NAME_HINT)
    if not isinstance(model, str) or not model.strip() or model != model.strip():
        faults.add(f"`model` is {model!r}", hint='give a name such as "claude-sonnet-4-6"')
    if not isinstance(prompt, str):
        faults.add("`prompt` is not a text")


def check_output(output: Any, faults: Faults) -> None:
    """Check that a result can be written as JSON."""
    if output in (Any, object) or isinstance(output, str):
        faults.add(f"`output` is {output!r}, which says nothing", hint="give a type, or leave it out for text")
    elif output is not None:
        faults.attempt(lambda: Encoding(output).check(faults.where, "`output`"))


def read_routes(routes: object, name: str, faults: Faults) -> tuple[str, ...]:
    """Check the routes of a coordinator."""
    hint = 'list the agents it may call, such as `routes=["greeter"]`'
    if not _is_texts(routes) or not routes:
        faults.add("`routes` names no agent", hint=hint)
        return ()
    for route in dict.fromkeys(routes):
        if route == name:
            faults.add("`routes` names the coordinator itself", hint=hint)
        elif routes.count(route) > 1:
            faults.add(f"`routes` names `{route}` more than once", hint="name each agent once")
    return tuple(routes)


def _check_tool_names(role: Role, tools: Sequence[Tool[..., Any]], faults: Faults) -> None:
    names = [tool.name for tool in tools]
    for name in dict.fromkeys(names):
        if name in BUILT_IN_TOOLS[role]:
            faults.add(f"tool `{name}` is built into a {role}", hint="give yours another `name=`")
        elif names.count(name) > 1:
            faults.add(f"two tools are called `{name}`", hint="give one another `name=`")


def _tools(value: object, where: str) -> tuple[Tool[..., Any], ...]:
    faults = Faults(where)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise SpecError("`tools` is not a list", where=where, hint="write `tools=[my_tool]`")
    for each in cast("Sequence[object]", value):
        if not isinstance(each, Tool):
            name = getattr(each, "__name__", repr(each))
            faults.add(f"`{name}` in `tools` is not a tool", hint="decorate it with `@define_tool`")
    faults.raise_if_any()
    return tuple(cast("Sequence[Tool[..., Any]]", value))


def _toolkits(value: object, where: str) -> tuple[str, ...]:
    if not _is_texts(value) or len(set(value)) != len(value):
        raise SpecError("`toolkits` is not a list of distinct names", where=where, hint='write `toolkits=["catalog"]`')
    return tuple(value)


def _is_texts(value: object) -> TypeGuard[list[str] | tuple[str, ...]]:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in cast("list[object]", value))


def _tool_approvals(value: object, where: str) -> Any:
    if not isinstance(value, Mapping):
        hint = 'write {"execute_query": "always"}'
        raise SpecError("`tool_approvals` is not a mapping of tools to rules", where=where, hint=hint)
    return to_rules(cast("Mapping[str, object]", value), where, field="tool_approvals")


def _stateful(value: object, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise SpecError(f"`stateful` is {value!r}", where=where, hint="write `True` or `False`")


def _settings(value: object, where: str) -> dict[str, Json]:
    try:
        settings: dict[str, Json] = Encoding(dict[str, Any]).encode(value)
    except ValueNotJson as error:
        raise SpecError("`settings` is not a JSON object", where=where, hint=error.message) from error
    return settings


def _max_steps(value: object, where: str) -> int:
    if is_whole_and_positive(value):
        return cast("int", value)
    raise SpecError(f"`max_steps` is {value!r}", where=where, hint="give a whole number above zero")


def _history(value: object, where: str) -> Any:
    return None if value is None else to_history(value, where)


_READERS: Mapping[str, Any] = {
    "tools": _tools,
    "toolkits": _toolkits,
    "approval": to_approval,
    "tool_approvals": _tool_approvals,
    "stateful": _stateful,
    "settings": _settings,
    "max_steps": _max_steps,
    "history": _history,
}
