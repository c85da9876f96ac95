"""The faults of a spec, collected so that all are reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from flowai.errors import Fault, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Faults:
    """Faults found so far in one spec.

    Example:
        >>> faults = Faults("tool `find`")
        >>> faults.add("`timeout_s` is negative", hint="give seconds above zero")
        >>> len(faults)
        1
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._found: list[Fault] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, message: str, *, hint: str | None = None) -> None:
        """Keep one fault of this spec."""
        self._found.append(Fault(where=self.where, message=message, hint=hint))

    def adopt(self, error: SpecError) -> None:
        """Keep the faults of a part of this spec."""
        self._found.extend(error.faults)

    def attempt(self, make: Callable[[], T]) -> T | None:
        """Make a part of this spec; keep its faults where that fails."""
        try:
            return make()
        except SpecError as error:
            self.adopt(error)
            return None

    def raise_if_any(self) -> None:
        """Raise one error for all faults found.

        Raises:
            SpecError: at least one fault was added.
        """
        if self._found:
            raise SpecError(self._found)


def refuse(where: str, message: str, *, hint: str | None = None) -> SpecError:
    """Make the error of a spec with a single fault."""
    return SpecError([Fault(where=where, message=message, hint=hint)])
