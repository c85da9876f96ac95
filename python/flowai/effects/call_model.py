"""One question for a language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, overload

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import Models
from flowai.effects.file import File
from flowai.effects.message import MessageLike, as_mappings, messages_json
from flowai.effects.model_answer import ModelAnswer
from flowai.effects.output_codec import OutputCodec
from flowai.effects.wrong_part import wrong_part
from flowai.errors import ProgramError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
        ProgramError: Not exactly one of `prompt` and `messages` was given, a message has an unknown
            role or key, or a part is of the wrong kind.

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
    _given: ClassVar[Mapping[str, Any] | None] = None

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
        _check_kinds(model, prompt, settings)
        if files and prompt is None:
            raise ProgramError("`files` belong to a prompt", hint="put them into a message of the user")
        put = object.__setattr__
        put(self, "model", model)
        put(self, "prompt", prompt)
        put(self, "messages", conversation)
        put(self, "files", tuple(files))
        put(self, "tools", tuple(map(_checked_tool, tools)))
        put(self, "output", output)
        put(self, "settings", settings)

    def __hash__(self) -> int:
        return hash((self.model, self.prompt, self.tools))

    @property
    def codec(self) -> Codec:
        """How the answer is written as JSON and read back."""
        return OutputCodec.of(str if self.output is None else self.output, where="`CallModel`")

    @property
    def whole(self) -> bool:
        """Whether all that the model said is the answer, and not its text or output."""
        wanted: Any = self.output
        return wanted is ModelAnswer

    @property
    def tool_schemas(self) -> list[dict[str, Any]]:
        """What the model may ask to be called: `name`, `description` and `parameters`, a JSON Schema, of each.

        A gateway of one's own passes them on; the tools themselves are not its business.
        """
        offered = [tool.to_json() for tool in self.tools] if self._given is None else self._given["tools"]
        return [{name: tool[name] for name in ("name", "description", "parameters")} for tool in offered]

    @property
    def output_schema(self) -> dict[str, Any] | None:
        """The JSON Schema that the answer has to fit, or None where it is a text."""
        if self._given is not None:
            return cast("dict[str, Any] | None", self._given["output"])
        return None if self.output is None or self.whole else self.codec.encoding.schema()

    @staticmethod
    def handed(given: Mapping[str, Any]) -> CallModel[Any]:
        """Return the question that the core asks, as a handler of the user's sees it."""
        call = CallModel(given["model"], messages=given["messages"], settings=given["settings"])
        object.__setattr__(call, "_given", given)
        return call

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
            "output": self.output_schema,
            "settings": anything.encode(self.settings),
        }

    def _conversation(self) -> list[dict[str, Any]] | None:
        if self.files:
            return messages_json([{"role": "user", "text": self.prompt, "files": self.files}])
        return None if self.messages is None else messages_json(self.messages)


def _check_kinds(model: object, prompt: object, settings: object) -> None:
    if not isinstance(model, str):
        raise ProgramError(f"`{model!r:.60}` is not the name of a model", hint='write `CallModel("gpt-5", ...)`')
    if not isinstance(prompt, str | None):
        raise wrong_part(prompt, "prompt", hint="write it down as a `str`, or give `messages=`")
    if settings is not None and not isinstance(settings, Mapping):
        raise ProgramError(f"`settings` is {settings!r:.60}", hint='write `settings={"temperature": 0}`')


def _checked_tool(tool: Tool[..., Any]) -> Tool[..., Any]:
    if not hasattr(tool, "to_json"):
        raise wrong_part(tool, "tool", hint="decorate it with `@define_tool`")
    return tool
