"""A program as a container of `returns`, so that its laws apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from returns.interfaces.container import Container1
from returns.primitives.container import BaseContainer
from returns.primitives.hkt import SupportsKind1, dekind

from flowai.laws.law import Factory, Observation, Subject
from flowai.laws.reference import Reference
from flowai.programs import Program, pure

if TYPE_CHECKING:
    from collections.abc import Callable

A = TypeVar("A")
B = TypeVar("B")


class Observed(BaseContainer, SupportsKind1["Observed[Any]", A], Container1[A]):
    """A program that is compared by what it does: its outcome and what it asks.

    `Program` itself compares by how it is built, so that `p.bind(pure) != p`; a law is about what
    both do. Subclass it and set `factory` to observe another interpreter.

    Example:
        >>> Observed(pure(1).bind(pure)) == Observed(pure(1))
        True
    """

    __slots__ = ()

    factory: ClassVar[Factory] = Reference
    """Makes the interpreter that runs it."""
    numbers: ClassVar[dict[str, int]] = {"a": 1, "b": 2, "c": 3, "d": 4}
    """What the world answers."""

    _inner_value: Program[Any, A]

    def __init__(self, program: Program[Any, A]) -> None:
        super().__init__(program)

    def observation(self) -> Observation:
        """Run the program in a fresh world."""
        return Subject(type(self).factory).observe(self._inner_value, self.numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Observed) and self.observation() == other.observation()

    def __hash__(self) -> int:
        return hash(type(self))

    def map(self, function: Callable[[A], B]) -> Observed[B]:
        """Transform the answer."""
        return type(self)(self._inner_value.map(function))  # type: ignore[arg-type, return-value]

    def bind(self, function: Callable[[A], Any]) -> Observed[Any]:
        """Run what the answer makes."""
        return type(self)(self._inner_value.bind(lambda value: dekind(function(value))._inner_value))

    def apply(self, container: Any) -> Observed[Any]:
        """Call the function that another program answers with."""
        functions: Program[Any, Callable[[A], Any]] = container._inner_value
        applied = self._inner_value.bind(lambda value: functions.map(lambda function: function(value)))
        return type(self)(applied)

    @classmethod
    def from_value(cls, inner_value: B) -> Observed[B]:
        """Return the program that asks nothing and answers with a value."""
        return cls(pure(inner_value))  # type: ignore[arg-type, return-value]
