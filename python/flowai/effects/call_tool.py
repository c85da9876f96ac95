"""One question for a tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import Tools
from flowai.effects.wrong_part import wrong_part
from flowai.errors import ValueNotJson

if TYPE_CHECKING:
    from typing_extensions import TypeVar as Defaulted

    from flowai.specs.tool import Tool

    R_co = Defaulted("R_co", covariant=True, default=Any)
else:
    R_co = TypeVar("R_co", covariant=True)
P = ParamSpec("P")


@dataclass(frozen=True, init=False)
class CallTool(Effect[R_co], Tools):
    """Call one tool and answer with what it returns.

    Args:
        tool: The tool, made by `define_tool`.
        *args: Its arguments, checked against its signature here and now.
        **kwargs: The same by name.

    Raises:
        ToolFailed: The tool raised; the program may catch it.
        ApprovalRejected: A human refused this call, or nobody answered in time.
        ProgramError: What is given is no tool.

    Example:
        >>> from flowai.specs.tool import define_tool
        >>> @define_tool(access="read")
        ... def read_stock(sku: str) -> int:
        ...     "Read the stock of one article."
        ...     return 3
        >>> CallTool(read_stock, sku="A-1").arguments
        {'sku': 'A-1'}
    """

    tool: Tool[..., R_co]
    """The tool."""
    arguments: dict[str, Any]
    """Its arguments by name, defaults filled in."""

    def __init__(self, tool: Tool[P, R_co], *args: P.args, **kwargs: P.kwargs) -> None:
        if not hasattr(tool, "bind"):
            raise wrong_part(tool, "tool", hint="decorate the function with `@define_tool`")
        object.__setattr__(self, "tool", tool)
        object.__setattr__(self, "arguments", tool.bind(*args, **kwargs))

    def __hash__(self) -> int:
        return hash((self.tool, frozenset(self.arguments)))

    @property
    def codec(self) -> Codec:
        """How the result is written as JSON and read back."""
        return Codec.of(self.tool.returns, where=f"tool `{self.tool.name}`")

    def encode(self) -> dict[str, Any]:
        """Write the tool's name, access, version and arguments as JSON.

        Raises:
            ValueNotJson: An argument is not of its declared type.
        """
        return {
            "tool": self.tool.name,
            "version": self.tool.version,
            "access": self.tool.access,
            "arguments": self._encoded_arguments(),
        }

    def _encoded_arguments(self) -> dict[str, Any]:
        try:
            return self.tool.encode_arguments(self.arguments)
        except ValueError as error:
            raise ValueNotJson(
                f"the arguments of `{self.tool.name}` do not fit its signature: {error}",
                hint="pass values of the annotated types",
            ) from error
