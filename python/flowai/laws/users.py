"""Hypothesis strategies over a runtime of one's own: what its models may say, its humans decide, and go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flowai.errors import ModelUnavailable, TimedOut
from flowai.interpreters.agents import agent_of
from flowai.specs.decision import Approve, Decision, Reject
from flowai.specs.script import Calls, Says, Step
from flowai.specs.trouble import Crashes, Delays

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from flowai.interpreters.runtime import Runtime


def agent_scripts(runtime: Runtime, agent: str, *, most: int = 6) -> SearchStrategy[list[Step]]:
    """Draw what the model of an agent may say: calls of its tools with arguments that fit, then an answer.

    Args:
        runtime: your agents.
        agent: whose model it is.
        most: how many calls at the most.
    """
    tools = agent_of(runtime.spec, agent).tools
    calls = [st.builds(Calls, st.just(tool.name), arguments_of(tool)) for tool in tools]
    steps: SearchStrategy[list[Step]] = st.lists(st.one_of(calls), max_size=most) if calls else st.just([])
    return steps.map(lambda drawn: [*drawn, Says("done")])


def arguments_of(tool: Any) -> SearchStrategy[dict[str, Any]]:
    """Draw arguments that fit the schema of a tool."""
    schema: dict[str, Any] = tool.parameters
    return _value(schema, schema.get("$defs", {}))


def decisions(*, most: int = 6) -> SearchStrategy[list[Decision]]:
    """Draw what humans decide."""
    drawn: SearchStrategy[Decision] = st.sampled_from([Approve(), Reject("no"), Reject()])
    return st.lists(drawn, max_size=most)


def faults(runtime: Runtime, *, most: int = 2) -> SearchStrategy[dict[str, Any]]:
    """Draw what goes wrong, at the tools, models and effects of a runtime."""
    places = {"CallModel", "CallTool", "AwaitApproval"}
    places |= {agent.model for agent in runtime.spec.agents}
    places |= {tool.name for agent in runtime.spec.agents for tool in agent.tools}
    troubles = [
        Delays(60_000),
        TimedOut("no answer in time"),
        Crashes(),
        Crashes(before=False),
        ModelUnavailable("down"),
        OSError("torn"),
    ]
    return st.dictionaries(st.sampled_from(sorted(places)), st.sampled_from(troubles), max_size=most)


def _value(schema: dict[str, Any], named: dict[str, Any]) -> SearchStrategy[Any]:
    if "$ref" in schema:
        return st.deferred(lambda: _value(named[schema["$ref"].rpartition("/")[2]], named))
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return st.one_of([_value(each, named) for each in schema[several]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    return _of_type(schema, named)


def _of_type(schema: dict[str, Any], named: dict[str, Any]) -> SearchStrategy[Any]:
    kind = schema.get("type")
    low, high = schema.get("minimum"), schema.get("maximum")
    if kind == "object":
        fields = {name: _value(each, named) for name, each in schema.get("properties", {}).items()}
        needed = set(schema.get("required", ()))
        optional = {name: each for name, each in fields.items() if name not in needed}
        return st.fixed_dictionaries({name: fields[name] for name in fields if name in needed}, optional=optional)
    if kind == "array":
        items = _value(schema.get("items", {}), named)
        return st.lists(items, min_size=schema.get("minItems", 0), max_size=schema.get("maxItems", 3))
    simple: dict[Any, SearchStrategy[Any]] = {
        "integer": st.integers(-99 if low is None else int(low), 99 if high is None else int(high)),
        "number": st.floats(-99 if low is None else low, 99 if high is None else high),
        "boolean": st.booleans(),
        "null": st.none(),
        "string": st.text("abc", min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 5)),
    }
    return simple.get(kind, st.none() | st.booleans() | st.integers(-9, 9) | st.text("abc", max_size=3))
