"""A fault of a spec: where it is, what is wrong and what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Fault(NamedTuple):
    """One thing that is wrong in a spec.

    Example:
        >>> str(Fault("agent `ops`", "unknown tool `delete_rwo`", "did you mean `delete_row`?"))
        'agent `ops`: unknown tool `delete_rwo` (did you mean `delete_row`?)'
    """

    where: str
    """The spec, field or line at fault; empty where the message says it."""
    message: str
    """What is wrong there."""
    hint: str | None = None
    """What would be right."""

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Fault:
        """Read what the native part found."""
        return cls(written["place"], written["message"], written["hint"])

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{advice}"
