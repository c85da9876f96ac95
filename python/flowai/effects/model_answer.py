"""Everything that a model answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool call that a model asks for."""

    id: str
    """The model's own name for the call."""
    name: str
    """The tool."""
    arguments: Any = None
    """The arguments, unchecked."""


@dataclass(frozen=True, slots=True)
class TokenCount:
    """How many tokens an answer took."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Part of the input."""
    reasoning_tokens: int = 0
    """Part of the output."""
    cache_write_tokens: int = 0
    """Part of the input."""
    cost_microusd: int | None = None
    """What it cost in millionths of a US dollar; None where no price is known."""


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """Everything that a model answered; ask for it with `CallModel(..., output=ModelAnswer)`.

    Put it into the `messages` of the next question as it is: thinking signatures and whatever else
    the provider wants to see again go along.

    Example:
        >>> ModelAnswer(text="hello").message()
        {'role': 'assistant', 'text': 'hello', 'thinking': None, 'tool_calls': []}
    """

    text: str = ""
    """Its words, empty when it only called tools."""
    thinking: str | None = None
    """Its thinking, where it showed any."""
    tool_calls: list[ToolRequest] = field(default_factory=list[ToolRequest])
    """The calls it asks for."""
    output: Any = None
    """The structured answer, where one was given apart from the text."""
    stop_reason: str = ""
    """Why it stopped, in the provider's own word."""
    usage: TokenCount = field(default_factory=TokenCount)
    """What it took."""
    parts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The answer piece by piece, where the fields above do not say all that the provider needs back."""
    api: str | None = None
    """Whose extras the parts carry, such as `anthropic`."""
    model: str | None = None
    """The model that answered, as its provider names it."""

    def message(self) -> dict[str, Any]:
        """Return the message by which a conversation remembers it."""
        calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in self.tool_calls]
        said = {"role": "assistant", "text": self.text, "thinking": self.thinking, "tool_calls": calls}
        return said | {name: value for name, value in (("parts", self.parts), ("api", self.api)) if value}
