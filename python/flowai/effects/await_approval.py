"""One question for a human who may refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from flowai.effects.codec import Codec, annotation_of
from flowai.effects.effect import Effect
from flowai.effects.families import Approvals

A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True)
class AwaitApproval(Effect[A_co], Approvals):
    """Show a subject to a human and answer with it as approved, edits included.

    Raises:
        ApprovalRejected: A human refused, or nobody answered in time.

    Example:
        >>> AwaitApproval("Order A-1", subject={"units": 3}).encode()
        {'title': 'Order A-1', 'subject': {'units': 3}}
    """

    title: str
    """One line that says what is asked."""
    subject: A_co
    """What would happen."""

    @property
    def codec(self) -> Codec:
        """How the subject is written as JSON and read back."""
        return Codec.of(annotation_of(self.subject), where="`AwaitApproval`")

    def encode(self) -> dict[str, Any]:
        """Write title and subject as JSON.

        Raises:
            ValueNotJson: The subject has no JSON form.
        """
        return {"title": self.title, "subject": self.codec.encode(self.subject)}
