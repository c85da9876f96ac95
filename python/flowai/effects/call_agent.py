"""One question for another agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import Agents
from flowai.effects.wrong_part import wrong_part

if TYPE_CHECKING:
    from flowai.specs.agent import AgentSpec

A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True)
class CallAgent(Effect[A_co], Agents):
    """Give an agent a prompt and answer with its output: text, or the type it declares.

    Raises:
        AgentFailed: The agent ended without an output.
        ProgramError: What is given is no agent, or the prompt is no text.

    Example:
        `report = yield from CallAgent(analyst, "What sold last week?")`
    """

    spec: AgentSpec[A_co]
    """The agent."""
    prompt: str
    """What it is asked."""

    def __post_init__(self) -> None:
        """Check both parts."""
        if not hasattr(self.spec, "role"):
            raise wrong_part(self.spec, "agent", hint="make it with `define_specialist` or its siblings")
        if not isinstance(cast("object", self.prompt), str):
            raise wrong_part(self.prompt, "prompt", hint="write it down as a `str`")

    @property
    def codec(self) -> Codec:
        """How the output is written as JSON and read back."""
        output: Any = self.spec.output
        return Codec.of(str if output is None else output, where=f"agent `{self.spec.name}`")

    def encode(self) -> dict[str, Any]:
        """Write the agent's name and the prompt as JSON."""
        return {"agent": self.spec.name, "prompt": self.prompt}
