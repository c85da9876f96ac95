"""A fault of a spec: where it is, what is wrong and what would be right."""

from typing import NamedTuple


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

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{advice}"
