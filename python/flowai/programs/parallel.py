"""The programs whose parts run side by side: `gather`, `for_each` and `race`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from flowai.effects.effect import Effect
from flowai.errors import ProgramError
from flowai.programs.program import Askable, Program, asked, row_of_function
from flowai.programs.structure import name_of
from flowai.specs.numbers import is_whole_and_positive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

E = TypeVar("E")
A = TypeVar("A")
B = TypeVar("B")
E_co = TypeVar("E_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)
E1 = TypeVar("E1")
E2 = TypeVar("E2")
E3 = TypeVar("E3")
E4 = TypeVar("E4")
E5 = TypeVar("E5")
E6 = TypeVar("E6")
A1 = TypeVar("A1")
A2 = TypeVar("A2")
A3 = TypeVar("A3")
A4 = TypeVar("A4")
A5 = TypeVar("A5")
A6 = TypeVar("A6")


class Gather(Program[E_co, A_co]):
    """Programs that run side by side, all to their end."""

    __slots__ = ("programs",)
    node = "gather"

    def __init__(self, programs: tuple[Program[Any, Any], ...]) -> None:
        self.programs = programs

    def children(self) -> tuple[Program[Any, Any], ...]:
        return self.programs


class Race(Program[E_co, A_co]):
    """Programs that run side by side until the first ends."""

    __slots__ = ("programs",)
    node = "race"

    def __init__(self, programs: tuple[Program[Any, Any], ...]) -> None:
        self.programs = programs

    def children(self) -> tuple[Program[Any, Any], ...]:
        return self.programs


class ForEach(Program[E_co, A_co]):
    """One program function over many items, side by side."""

    __slots__ = ("function", "items", "limit")
    node = "foreach"

    def __init__(
        self,
        items: tuple[Any, ...],
        function: Callable[[Any], Askable[Any, Any]],
        limit: int | None,
    ) -> None:
        self.items = items
        self.function = function
        self.limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        return ForEach, (self.items, self.function, self.limit)

    def own(self) -> tuple[object, ...]:
        return (self.items, self.function, self.limit)

    def own_row(self) -> frozenset[type]:
        return row_of_function(self.function)

    def label(self) -> str:
        limit = "" if self.limit is None else f", {self.limit} at a time"
        return f"for_each {name_of(self.function)} over {len(self.items)}{limit}"

    def asks_max(self, children: list[int | None]) -> int | None:
        is_effect = isinstance(self.function, type)
        return len(self.items) if is_effect or not self.items else None


@overload
def gather(p1: Askable[E1, A1], /) -> Program[E1, tuple[A1]]: ...
@overload
def gather(p1: Askable[E1, A1], p2: Askable[E2, A2], /) -> Program[E1 | E2, tuple[A1, A2]]: ...
@overload
def gather(
    p1: Askable[E1, A1], p2: Askable[E2, A2], p3: Askable[E3, A3], /
) -> Program[E1 | E2 | E3, tuple[A1, A2, A3]]: ...
@overload
def gather(
    p1: Askable[E1, A1], p2: Askable[E2, A2], p3: Askable[E3, A3], p4: Askable[E4, A4], /
) -> Program[E1 | E2 | E3 | E4, tuple[A1, A2, A3, A4]]: ...
@overload
def gather(
    p1: Askable[E1, A1],
    p2: Askable[E2, A2],
    p3: Askable[E3, A3],
    p4: Askable[E4, A4],
    p5: Askable[E5, A5],
    /,
) -> Program[E1 | E2 | E3 | E4 | E5, tuple[A1, A2, A3, A4, A5]]: ...
@overload
def gather(
    p1: Askable[E1, A1],
    p2: Askable[E2, A2],
    p3: Askable[E3, A3],
    p4: Askable[E4, A4],
    p5: Askable[E5, A5],
    p6: Askable[E6, A6],
    /,
) -> Program[E1 | E2 | E3 | E4 | E5 | E6, tuple[A1, A2, A3, A4, A5, A6]]: ...
@overload
def gather(*programs: Askable[E, A]) -> Program[E, tuple[A, ...]]: ...
def gather(*programs: Askable[Any, Any]) -> Program[Any, Any]:
    """Run programs side by side and answer with their answers, as a tuple in the order given.

    The first error cancels the rest, waits for their `ensure`, and is raised.

    Raises:
        ProgramError: Something given is no program and no effect.

    Example:
        >>> from flowai.programs import pure
        >>> print(gather(pure(1), pure("a")).tree())
        gather
        ├─ pure 1
        └─ pure 'a'
    """
    return Gather(tuple(map(asked, programs)))


def for_each(
    items: Iterable[B], function: Callable[[B], Askable[E, A]], *, limit: int | None = None
) -> Program[E, list[A]]:
    """Run one program function over many items and answer with a list in their order.

    Args:
        items: What to run it over; read once, now.
        function: A function under `@program`, or the class of an effect.
        limit: How many may run at a time; None is all.

    Raises:
        ProgramError: The function is neither, the items cannot be looped over, or `limit` is no whole number
            above zero.

    Example:
        >>> from flowai.effects import Sleep
        >>> print(for_each([1, 2, 3], Sleep, limit=2).tree())
        for_each Sleep over 3, 2 at a time
    """
    if limit is not None and not is_whole_and_positive(limit):
        raise ProgramError(f"`limit` is {limit!r}", hint="give one or more, or None for all at once")
    if not _is_named(function):
        message = f"`for_each` cannot read what `{name_of(function)}` asks"
        raise ProgramError(message, hint="give a function under `@program` or the class of an effect")
    return ForEach(_counted(items), function, limit)


def _counted(items: Iterable[B]) -> tuple[B, ...]:
    try:
        each = iter(items)
    except TypeError as error:
        raise ProgramError(
            f"`{name_of(items)}` holds no items", hint="give a list, or anything to loop over"
        ) from error
    return tuple(each)


def _is_named(function: object) -> bool:
    from flowai.programs.function import ProgramFunction

    is_effect = isinstance(function, type) and issubclass(function, Effect)
    return is_effect or isinstance(function, ProgramFunction)


@overload
def race(p1: Askable[E1, A1], /) -> Program[E1, A1]: ...
@overload
def race(p1: Askable[E1, A1], p2: Askable[E2, A2], /) -> Program[E1 | E2, A1 | A2]: ...
@overload
def race(p1: Askable[E1, A1], p2: Askable[E2, A2], p3: Askable[E3, A3], /) -> Program[E1 | E2 | E3, A1 | A2 | A3]: ...
@overload
def race(
    p1: Askable[E1, A1], p2: Askable[E2, A2], p3: Askable[E3, A3], p4: Askable[E4, A4], /
) -> Program[E1 | E2 | E3 | E4, A1 | A2 | A3 | A4]: ...
@overload
def race(*programs: Askable[E, A]) -> Program[E, A]: ...
def race(*programs: Askable[Any, Any]) -> Program[Any, Any]:
    """Run programs side by side and end as the first that ends, with its answer or its error.

    The rest are cancelled, and their `ensure` is waited for.

    Raises:
        ProgramError: Nothing was given, or something that is no program and no effect.

    Example:
        >>> from flowai.programs import pure
        >>> from flowai.effects import Sleep
        >>> print(race(Sleep(1), pure(None)).tree())
        race
        ├─ Sleep
        └─ pure None
    """
    if not programs:
        raise ProgramError("a race of nothing never ends", hint="give at least one program")
    return Race(tuple(map(asked, programs)))
