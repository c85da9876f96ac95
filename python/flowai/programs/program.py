"""A program: an inert value that says which effects to ask, in what order."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar, cast

from flowai.effects.effect import Effect
from flowai.errors import ProgramError
from flowai.programs import structure

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai.programs.tree import Tree

E = TypeVar("E")
A = TypeVar("A")
B = TypeVar("B")
E2 = TypeVar("E2")
E_co = TypeVar("E_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)

Do: TypeAlias = Generator[E, Any, A]
"""What a function under `@program` returns: the row of what it asks, and its answer."""


class Askable(Protocol[E_co, A_co]):
    """What `yield from` accepts: a program or an effect."""

    def __iter__(self) -> Generator[E_co, Any, A_co]:
        """Ask it, and give its answer."""
        ...


class Program(Generic[E_co, A_co]):
    """What to ask and what to do with the answers; nothing happens until an interpreter runs it.

    Two programs are equal where they are built alike. The same value may run many times.
    """

    # Nodes are read-only for type checkers alone: a guard at run time would triple the cost of
    # making one, and a program may make millions.
    __slots__ = ()

    node: ClassVar[str] = "program"
    """The kind of node, by which an interpreter tells what to do."""

    if TYPE_CHECKING:

        def __iter__(self) -> Generator[E_co, Any, A_co]:
            """Hand the program to the driver, which stacks it, and give its answer."""
            ...

    else:

        def __iter__(self) -> Generator[Any, Any, Any]:
            return (yield self)

    def effects(self) -> frozenset[type]:
        """Return the families and effects this program may ask, as declared, without running it.

        What a plain function given to `bind` or `catch` returns is unknown before it runs and not
        counted; a program function's row is.
        """
        rows = [node.own_row() for node in structure.walk(self)]
        return frozenset[type]().union(*rows)

    def tree(self) -> Tree:
        """Draw the program without running it.

        Example:
            >>> from flowai.programs import gather, pure
            >>> print(gather(pure(1), pure(2)).tree())
            gather
            ├─ pure 1
            └─ pure 2
        """
        from flowai.programs.tree import tree_of

        return tree_of(self)

    def bind(self, then: Callable[[A_co], Askable[E2, B]]) -> Program[E_co | E2, B]:
        """Run this, then the program that `then` makes of the answer."""
        return Bind(self, then)

    def map(self, transform: Callable[[A_co], B]) -> Program[E_co, B]:
        """Run this and give `transform` of the answer."""
        return Map(self, transform)

    def children(self) -> tuple[Program[Any, Any], ...]:
        """Return the programs this one is directly built of."""
        return ()

    def own(self) -> tuple[object, ...]:
        """Return what this node holds beside its children, for comparison."""
        return ()

    def own_row(self) -> frozenset[type]:
        """Return what this node itself may ask, its children apart."""
        return frozenset()

    def label(self) -> str:
        """Return the line that stands for this node in a tree."""
        return self.node

    def asks_max(self, children: list[int | None]) -> int | None:
        """Return how many effects are asked at most, given the same of each child; None is unknown."""
        return None if None in children else sum(cast("list[int]", children))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Program):
            return NotImplemented
        same: bool = structure.same(self, other)  # pyright: ignore[reportUnknownArgumentType]
        return same

    def __hash__(self) -> int:
        return structure.hash_of(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in cast("tuple[str, ...]", self.__slots__))

    def __repr__(self) -> str:
        return f"<program {self.label()}>"


class Ask(Program[E_co, A_co]):
    """The program of one effect."""

    __slots__ = ("effect",)
    node = "ask"

    def __init__(self, effect: Effect[A_co]) -> None:
        self.effect = effect

    def own(self) -> tuple[object, ...]:
        return (self.effect,)

    def own_row(self) -> frozenset[type]:
        return frozenset(self.effect.families)

    def label(self) -> str:
        tool = getattr(self.effect, "tool", None)
        name = getattr(tool, "name", None) or getattr(self.effect, "model", None)
        return f"{self.effect.kind} {name}" if name else self.effect.kind

    def asks_max(self, children: list[int | None]) -> int | None:
        return 1


class Bind(Program[E_co, A_co]):
    """One program, then another that is made of its answer."""

    __slots__ = ("source", "then")
    node = "bind"

    def __init__(self, source: Program[Any, Any], then: Callable[[Any], Askable[Any, A_co]]) -> None:
        self.source = source
        self.then = then

    def children(self) -> tuple[Program[Any, Any], ...]:
        return (self.source,)

    def own(self) -> tuple[object, ...]:
        return (self.then,)

    def own_row(self) -> frozenset[type]:
        return row_of_function(self.then)

    def label(self) -> str:
        return f"then {structure.name_of(self.then)}"

    def asks_max(self, children: list[int | None]) -> int | None:
        return None


class Map(Program[E_co, A_co]):
    """One program, and a function of its answer."""

    __slots__ = ("source", "transform")
    node = "map"

    def __init__(self, source: Program[E_co, Any], transform: Callable[[Any], A_co]) -> None:
        self.source = source
        self.transform = transform

    def children(self) -> tuple[Program[Any, Any], ...]:
        return (self.source,)

    def own(self) -> tuple[object, ...]:
        return (self.transform,)

    def label(self) -> str:
        return f"map {structure.name_of(self.transform)}"


def asked(askable: Askable[E, A]) -> Program[E, A]:
    """Return a program as it is, and an effect as the program that asks it.

    Raises:
        ProgramError: It is neither.
    """
    given: Any = askable
    if isinstance(given, Program):
        return cast("Program[E, A]", given)
    if isinstance(given, Effect):
        return Ask(cast("Effect[A]", given))
    raise ProgramError(f"`{structure.name_of(given)}` is no program", hint=_advice(given))


def _advice(given: object) -> str:
    if isinstance(given, Generator):
        return "write `@program` above the function that made this generator"
    if callable(given):
        return "call it: a program is what a function under `@program` returns"
    if isinstance(given, list | tuple):
        return "give the programs one by one, as in `gather(*programs)`"
    return "give a program or an effect; `pure(value)` makes a program of a value"


def row_of_function(function: Any) -> frozenset[type]:
    """Return what a function declares to ask: a program function's row, an effect's families."""
    if isinstance(function, type) and issubclass(function, Effect):
        return frozenset[type](function.families)
    declared: Any = getattr(function, "declared", None)  # pyright: ignore[reportUnknownArgumentType]
    return frozenset[type]() if declared is None else declared
