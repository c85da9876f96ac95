"""One question for a human who may refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowai.effects.codec import Codec, annotation_of
from flowai.effects.effect import Effect
from flowai.effects.families import Approvals
from flowai.effects.wrong_part import wrong_part
from flowai.errors import ValueNotJson

if TYPE_CHECKING:
    from typing_extensions import TypeVar as Defaulted

    A_co = Defaulted("A_co", covariant=True, default=Any)
else:
    A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True)
class AwaitApproval(Effect[A_co], Approvals):
    """Show a subject to a human and answer with it as approved, edits included.

    Raises:
        ApprovalRejected: A human refused, or nobody answered in time.
        ProgramError: The title is no text.

    Example:
        >>> AwaitApproval("Order A-1", subject={"units": 3}).encode()
        {'title': 'Order A-1', 'subject': {'units': 3}}
    """

    title: str
    """One line that says what is asked."""
    subject: A_co
    """What would happen."""

    def __post_init__(self) -> None:
        """Check the title; of the subject everything is known once it is encoded."""
        if not isinstance(cast("object", self.title), str):
            raise wrong_part(self.title, "title", hint='give a title first, as in `AwaitApproval("Order A-1", order)`')

    @property
    def codec(self) -> Codec:
        """How the subject is written as JSON and read back.

        Raises:
            SpecError: The subject is of a type that has no JSON form.
            ValueNotJson: It is nested too deep.
        """
        try:
            return Codec.of(annotation_of(self.subject), where="`AwaitApproval`")
        except RecursionError as error:
            hint = "show what is to be decided, and store the rest as a reference"
            raise ValueNotJson("the subject is nested too deep to be shown", path="$.subject", hint=hint) from error

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema that an edited subject has to fit.

        Example:
            >>> AwaitApproval("Order A-1", subject={"units": 3}).schema
            {'additionalProperties': {'type': 'integer'}, 'type': 'object'}
        """
        return self.codec.schema

    def encode(self) -> dict[str, Any]:
        """Write title and subject as JSON.

        Raises:
            ValueNotJson: The subject has no JSON form.
        """
        return {"title": self.title, "subject": self.codec.encode(self.subject)}
