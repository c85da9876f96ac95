"""The agents of a runtime, by name and part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flowai.errors import SpecError
from flowai.specs.agent import ExecutorSpec, PlannerSpec

if TYPE_CHECKING:
    from flowai.specs.agent import AgentSpec
    from flowai.specs.plan import Plan
    from flowai.specs.runtime import RuntimeSpec


def coordinator_of(spec: RuntimeSpec) -> AgentSpec[Any]:
    """Return the coordinator.

    Raises:
        SpecError: There is none.
    """
    for agent in spec.agents:
        if agent.role == "coordinator":
            return agent
    hint = 'ask an agent directly: `runtime.run_specialist("name", message)`'
    raise SpecError("the runtime has no coordinator to query", hint=hint)


def agent_of(spec: RuntimeSpec, name: str) -> AgentSpec[Any]:
    """Return the agent of a name.

    Raises:
        SpecError: There is none, and who there is.
    """
    found = spec.agent(name)
    if found is None:
        names = ", ".join(f"`{each.name}`" for each in spec.agents)
        raise SpecError(f"there is no agent `{name}`", hint=f"there are {names}")
    return found


def plans_of(spec: RuntimeSpec) -> dict[str, Plan[Any]]:
    """Return the kinds of plan that agents store or perform, by name."""
    found = [agent.plan for agent in spec.agents if isinstance(agent, PlannerSpec | ExecutorSpec)]
    return {plan.name: plan for plan in found}


def decoder_of(agent: AgentSpec[Any]) -> Any:
    """Return how the output of an agent is read: text as it is, a typed output by its type."""
    if agent.output is None:
        return None
    from flowai.effects.codec import Codec

    return cast("Any", Codec.of(agent.output, where=f"agent `{agent.name}`").decode)
