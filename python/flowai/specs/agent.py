"""What an agent is: a role, a model, a prompt and what it may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, TypeVar

from flowai.specs.dispatcher import ActionDispatcher
from flowai.specs.encoding import Encoding, Json, JsonObject
from flowai.specs.history import History
from flowai.specs.plan import Plan
from flowai.specs.rule import Rule, approval_json
from flowai.specs.tool import Tool

Role = Literal["coordinator", "planner", "executor", "specialist"]
Output_co = TypeVar("Output_co", covariant=True)

BUILT_IN_TOOLS: Mapping[Role, tuple[str, ...]] = {
    "coordinator": ("call_agent",),
    "planner": ("store_plan", "get_plan"),
    "executor": ("get_plan", "execute_plan"),
    "specialist": (),
}
"""What a role can do without being told; a toolkit adds to it and never takes away."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AgentSpec(Generic[Output_co]):
    """One agent, checked and frozen; made by `define_coordinator` and its siblings."""

    role: ClassVar[Role]

    name: str
    model: str
    prompt: str
    stateful: bool
    """Whether it keeps a history for each thread."""
    tools: tuple[Tool[..., Any], ...] = ()
    toolkits: tuple[str, ...] = ()
    approval: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    """Rules for `plans` and `tools`."""
    tool_approvals: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    output: type[Output_co] | None = None
    """The type of its result; text where there is none."""
    settings: Mapping[str, Json] = field(default_factory=dict[str, Json])
    max_steps: int = 50
    history: History | None = None

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {
            "role": self.role,
            "name": self.name,
            "model": self.model,
            "prompt": self.prompt,
            "tools": [tool.to_json() for tool in self.tools],
            "toolkits": list(self.toolkits),
            "routes": [],
            "plan": None,
            "approval": approval_json(self.approval),
            "tool_approvals": {tool: rule.to_json() for tool, rule in self.tool_approvals.items()},
            "stateful": self.stateful,
            "output": None if self.output is None else Encoding(self.output).schema(),
            "settings": dict(self.settings),
            "max_steps": self.max_steps,
            "history": None if self.history is None else self.history.to_json(),
            "dispatcher": None,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class CoordinatorSpec(AgentSpec[Output_co]):
    """Reads the request, routes the work and surfaces approvals."""

    role: ClassVar[Role] = "coordinator"
    routes: tuple[str, ...]
    """The agents it may call."""

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return super().to_json() | {"routes": list(self.routes)}


@dataclass(frozen=True, eq=False, kw_only=True)
class PlannerSpec(AgentSpec[Output_co]):
    """Makes a typed plan of a user's goal."""

    role: ClassVar[Role] = "planner"
    plan: Plan[Any]

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return super().to_json() | {"plan": self.plan.to_json()}


@dataclass(frozen=True, eq=False, kw_only=True)
class ExecutorSpec(AgentSpec[Output_co]):
    """Carries out an approved plan."""

    role: ClassVar[Role] = "executor"
    plan: Plan[Any]
    dispatcher: ActionDispatcher[Any] | None = None
    """What performs the actions; without one the agent calls its tools itself."""

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        dispatcher = None if self.dispatcher is None else self.dispatcher.to_json()
        return super().to_json() | {"plan": self.plan.to_json(), "dispatcher": dispatcher}


@dataclass(frozen=True, eq=False, kw_only=True)
class SpecialistSpec(AgentSpec[Output_co]):
    """Does one focused job."""

    role: ClassVar[Role] = "specialist"
