"""One question for a language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import Models
from flowai.effects.file import File
from flowai.effects.message import MessageLike, as_mappings, messages_json
from flowai.effects.model_answer import ModelAnswer
from flowai.errors import ProgramError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from typing_extensions import TypeVar as Defaulted

    from flowai.specs.tool import Tool

    A_co = Defaulted("A_co", covariant=True, default=Any)
else:
    A_co = TypeVar("A_co", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, init=False)
class CallModel(Effect[A_co], Models):
    """Ask a model and answer with its text, or with the type given as `output`.

    Args:
        model: The name of the model.
        prompt: One message of the user.
        messages: The whole conversation, instead of `prompt`: mappings with `role` and `text`, and answers
            of models as they came.
        files: Pictures and documents that belong to `prompt`; in `messages` each has its own.
        tools: What the model may ask to be called.
        output: The type of the answer, which the model is made to fit; `ModelAnswer` for all that it said.
        settings: Settings of the provider, such as `{"temperature": 0}`.

    Raises:
        ModelFailed: The model gave no usable answer; the program may catch it.
        ProgramError: Not exactly one of `prompt` and `messages` was given, or a message has an unknown
            role or key.

    Example:
        >>> CallModel("claude-haiku-4-5", prompt="Say hello.").encode()["prompt"]
        'Say hello.'
    """

    model: str
    """The name of the model."""
    prompt: str | None
    """One message of the user, or None where `messages` is given."""
    messages: tuple[Mapping[str, Any], ...] | None
    """The whole conversation, or None where `prompt` is given."""
    files: tuple[File, ...]
    """Pictures and documents that belong to `prompt`."""
    tools: tuple[Tool[..., Any], ...]
    """What the model may ask to be called."""
    output: type[A_co] | None
    """The type of the answer, or None for text."""
    settings: Mapping[str, Any] | None
    """Settings of the provider."""

    @overload
    def __init__(
        self: CallModel[str],
        model: str,
        prompt: str | None = None,
        *,
        messages: Sequence[MessageLike] | None = None,
        files: Sequence[File] = (),
        tools: Iterable[Tool[..., Any]] = (),
        output: None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: CallModel[T],
        model: str,
        prompt: str | None = None,
        *,
        messages: Sequence[MessageLike] | None = None,
        files: Sequence[File] = (),
        tools: Iterable[Tool[..., Any]] = (),
        output: type[T],
        settings: Mapping[str, Any] | None = None,
    ) -> None: ...
    def __init__(
        self,
        model: str,
        prompt: str | None = None,
        *,
        messages: Sequence[MessageLike] | None = None,
        files: Sequence[File] = (),
        tools: Iterable[Tool[..., Any]] = (),
        output: Any = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        if (prompt is None) == (messages is None):
            raise ProgramError(
                f"`CallModel({model!r})` needs a prompt or messages",
                hint="give exactly one of `prompt=` and `messages=`",
            )
        conversation = None if messages is None else as_mappings(messages)
        if conversation is not None:
            messages_json(conversation)
        if files and prompt is None:
            raise ProgramError("`files` belong to a prompt", hint="put them into a message of the user")
        put = object.__setattr__
        put(self, "model", model)
        put(self, "prompt", prompt)
        put(self, "messages", conversation)
        put(self, "files", tuple(files))
        put(self, "tools", tuple(tools))
        put(self, "output", output)
        put(self, "settings", settings)

    def __hash__(self) -> int:
        return hash((self.model, self.prompt, self.tools))

    @property
    def codec(self) -> Codec:
        """How the answer is written as JSON and read back."""
        return Codec.of(str if self.output is None else self.output, where="`CallModel`")

    @property
    def whole(self) -> bool:
        """Whether all that the model said is the answer, and not its text or output."""
        wanted: Any = self.output
        return wanted is ModelAnswer

    def encode(self) -> dict[str, Any]:
        """Write the question as JSON, tools and output by their schemas.

        Raises:
            ValueNotJson: A message or setting has no JSON form.
        """
        anything = Codec.of(Any)
        return {
            "model": self.model,
            "prompt": None if self.files else self.prompt,
            "messages": anything.encode(self._conversation()),
            "tools": [tool.to_json() for tool in self.tools],
            "output": None if self.output is None or self.whole else self.codec.encoding.schema(),
            "settings": anything.encode(self.settings),
        }

    def _conversation(self) -> list[dict[str, Any]] | None:
        if self.files:
            return messages_json([{"role": "user", "text": self.prompt, "files": self.files}])
        return None if self.messages is None else messages_json(self.messages)
