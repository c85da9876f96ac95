"""The program of one step of an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from flowai.effects.families import Approvals, Models, References, Tools
from flowai.effects.message import MessageLike, as_mappings, messages_json
from flowai.programs.program import Program
from flowai.programs.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowai.specs.agent import AgentSpec

Message: TypeAlias = MessageLike
"""One message of a conversation, with `role` and `text`."""

StepRow: TypeAlias = Models | Approvals | Tools | References
"""What one step of an agent may ask."""


class AgentStep(Program[StepRow, Any]):
    """One turn of a model and the tool calls it asks for."""

    __slots__ = ("messages", "spec")
    node = "agentstep"

    def __init__(self, spec: AgentSpec[Any], messages: tuple[Mapping[str, Any], ...]) -> None:
        self.spec = spec
        self.messages = messages

    def __reduce__(self) -> tuple[Any, ...]:
        return AgentStep, (self.spec, self.messages)

    def own(self) -> tuple[object, ...]:
        return (self.spec, self.messages)

    def conversation(self) -> list[dict[str, Any]]:
        """Return the messages in the core's form."""
        return messages_json(self.messages)

    def own_row(self) -> frozenset[type]:
        return frozenset({Models, Approvals, Tools, References})

    def label(self) -> str:
        return f"agent_step {self.spec.name}"

    def asks_max(self, children: list[int | None]) -> int | None:
        return None

    def tree(self) -> Tree:
        """Draw the step: CallModel → [AwaitApproval →] CallTool → StoreRef."""
        return Tree(self.label(), self.node, self.asks(), None)

    def asks(self) -> tuple[Tree, ...]:
        """Return the asks of the step in order, as nodes of a drawing."""
        tools = ", ".join(getattr(tool, "name", str(tool)) for tool in self.spec.tools)
        labels = (
            f"CallModel {self.spec.model}",
            "[AwaitApproval] where a rule asks",
            f"CallTool {tools}".rstrip(),
            "StoreRef where a result is large",
        )
        return tuple(Tree(label, "ask", (), None) for label in labels)


def agent_step(spec: AgentSpec[Any], messages: Iterable[Message]) -> Program[StepRow, Any]:
    """Return the program of one step: the model's turn, and the tool calls it asks for.

    Args:
        spec: The agent.
        messages: The conversation so far.

    Raises:
        ProgramError: A message has an unknown role or key.

    Example:
        `print(agent_step(planner, messages).tree())` draws the model call, the approval where a
        rule asks for one, the tool calls, and the references that large results become.
    """
    conversation = as_mappings(messages)
    messages_json(conversation)
    return AgentStep(spec, conversation)
