"""The programs that ask nothing: an answer that is known, and a failure."""

from __future__ import annotations

from typing import Any, Never, TypeVar, cast

from flowai.errors import ProgramError
from flowai.programs.program import Program
from flowai.programs.structure import name_of

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)


class Pure(Program[Never, A_co]):
    """The program that asks nothing and answers with a value."""

    __slots__ = ("value",)
    node = "pure"

    def __init__(self, value: A_co) -> None:
        self.value = value

    def own(self) -> tuple[object, ...]:
        return (self.value,)

    def label(self) -> str:
        return f"pure {name_of(self.value)}"


class Fail(Program[Never, Never]):
    """The program that asks nothing and raises."""

    __slots__ = ("error",)
    node = "fail"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def own(self) -> tuple[object, ...]:
        # Exceptions compare by identity; two that say the same make the same program.
        said: tuple[Any, ...] = self.error.args
        return (type(self.error), repr(said))

    def label(self) -> str:
        return f"fail {type(self.error).__name__}"


def pure(value: A) -> Program[Never, A]:
    """Return the program that asks nothing and answers with `value`.

    Example:
        >>> pure(3).effects()
        frozenset()
    """
    return Pure(value)


def fail(error: Exception) -> Program[Never, Never]:
    """Return the program that asks nothing and raises `error`.

    Raises:
        ProgramError: `error` is no exception.

    Example:
        >>> fail(ValueError("no stock"))
        <program fail ValueError>
    """
    if not isinstance(cast("object", error), Exception):
        raise ProgramError(f"`{error!r}` is no exception", hint='write `fail(ValueError("no stock"))`')
    return Fail(error)
