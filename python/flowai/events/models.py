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
    cache_write_tokens: int = 0
    """Part of the input."""
    cost_microusd: int | None = None
    """In millionths of a US dollar; None where no price is known."""

    @property
    def cost_usd(self) -> float | None:
        """What it cost in US dollars, where the price is known."""
        return None if self.cost_microusd is None else self.cost_microusd / 1_000_000

    def told(self) -> str:
        """Show what was read and written, and what it cost."""
        cost = "" if self.cost_microusd is None else f", ${self.cost_microusd / 1_000_000:.6f}"
        return f"{self.input_tokens} in, {self.output_tokens} out{cost}"


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
    """The number of the attempt; a higher one voids what lower ones showed."""
    index: int
    """The number of the piece in its attempt; of pieces that were joined, that of the first."""

    def told(self) -> str:
        """Show the piece."""
        return quoted(self.text)


class ThinkingDelta(Envelope):
    """A piece of thinking arrived; transient, never stored or compared."""

    type: Literal["thinking_delta"] = "thinking_delta"
    text: str
    attempt: int
    """The number of the attempt; a higher one voids what lower ones showed."""
    index: int
    """The number of the piece in its attempt; of pieces that were joined, that of the first."""

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
    """The number of the attempt that begins now; what earlier ones showed is void."""
    error: ErrorNote
    wait_ms: int
    model: str | None = None
    """The model that is asked instead; None where it is the same."""

    def told(self) -> str:
        """Say why and when."""
        instead = f" of {visible(self.model)}" if self.model else ""
        return f"attempt {self.attempt}{instead} in {self.wait_ms} ms after {self.error.told()}"


class ModelDelayed(Envelope):
    """A model call waits, because a limit of its endpoint is reached."""

    type: Literal["model_delayed"] = "model_delayed"
    model: str
    limit: str
    """Which one: `concurrency`, `requests_per_minute` or `tokens_per_minute`."""
    wait_ms: int | None = None
    """How long, where that is known."""

    def told(self) -> str:
        """Name the limit and the wait."""
        wait = "" if self.wait_ms is None else f" for {self.wait_ms} ms"
        return f"{visible(self.model)} waits{wait} for {visible(self.limit)}"
