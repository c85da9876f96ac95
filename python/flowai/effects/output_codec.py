"""How the structured answer of a model is read by its declared type."""

from __future__ import annotations

from typing import Any, ClassVar

from flowai.effects.codec import Codec
from flowai.errors import OutputInvalid, ValueNotJson


class OutputCodec(Codec):
    """A codec that takes what does not fit for a failure of the model and not of the program.

    A type may ask for more than its JSON Schema can say, as validators of pydantic do: such an
    answer has passed the schema and is refused here.
    """

    __slots__ = ()

    _known: ClassVar[dict[Any, Codec]] = {}

    def decode(self, value: Any) -> Any:
        """Read an answer.

        Raises:
            OutputInvalid: The answer does not fit the declared type.
        """
        try:
            return super().decode(value)
        except ValueNotJson as error:
            hint = "say in the prompt what is wanted, or ask a stronger model"
            raise OutputInvalid(f"the output does not fit its type: {error.message}", hint=hint) from error
