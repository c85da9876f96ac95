"""What happened in a call of a model."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, ErrorNote, Json, Note
from flowai.events.visible import called, quoted, visible


class Usage(Note):
    """How many tokens were used."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Part of the input."""
    reasoning_tokens: int = 0
    """Part of the output."""

    def told(self) -> str:
        """Show what was read and written."""
        return f"{self.input_tokens} in, {self.output_tokens} out"


class ToolRequest(Note):
    """A call of a tool as a model asked for it."""

    id: str
    name: str
    arguments: Json


class ModelCalled(Envelope):
    """A model was asked."""

    type: Literal["model_called"] = "model_called"
    model: str
    messages: int
    """How many messages it was given."""
    tools: int
    """How many tools it was offered."""
    attempt: int

    def told(self) -> str:
        """Name the model and what it was given."""
        again = f", attempt {self.attempt}" if self.attempt > 1 else ""
        return f"{visible(self.model)} ({self.messages} messages, {self.tools} tools{again})"


class TextDelta(Envelope):
    """A piece of the answer arrived; transient, never stored or compared."""

    type: Literal["text_delta"] = "text_delta"
    text: str
    attempt: int
    index: int

    def told(self) -> str:
        """Show the piece."""
        return quoted(self.text)


class ThinkingDelta(Envelope):
    """A piece of thinking arrived; transient, never stored or compared."""

    type: Literal["thinking_delta"] = "thinking_delta"
    text: str
    attempt: int
    index: int

    def told(self) -> str:
        """Show the piece."""
        return quoted(self.text)


class ModelAnswered(Envelope):
    """A model gave its whole answer."""

    type: Literal["model_answered"] = "model_answered"
    text: str
    thinking: str | None = None
    tool_calls: list[ToolRequest]
    stop_reason: str
    usage: Usage

    def told(self) -> str:
        """Show the text, the calls and the usage."""
        said = [quoted(self.text)] if self.text else []
        asked = [called(call.name, call.arguments) for call in self.tool_calls]
        return f"{' + '.join([*said, *asked]) or '(nothing)'} ({self.usage.told()})"


class ModelRetried(Envelope):
    """A model call failed and is tried again."""

    type: Literal["model_retried"] = "model_retried"
    attempt: int
    error: ErrorNote
    wait_ms: int

    def told(self) -> str:
        """Say why and when."""
        return f"attempt {self.attempt} in {self.wait_ms} ms after {self.error.told()}"
