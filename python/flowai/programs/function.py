"""Functions that describe programs, and the programs that calling them makes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from flowai.programs.forgotten import Forgotten, refuse_non_generator
from flowai.programs.program import Program
from flowai.programs.row import row_of
from flowai.programs.structure import name_of

if TYPE_CHECKING:
    from inspect import BoundArguments

P = ParamSpec("P")
E = TypeVar("E")
A = TypeVar("A")
E_co = TypeVar("E_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)


class ProgramFunction(Generic[P, E_co, A_co]):
    """A function under `@program`; calling it makes a program and runs nothing."""

    name: str
    """The name of the function."""
    generator: Callable[P, Generator[E_co, Any, A_co]]
    """The function itself, which an interpreter starts."""
    row: frozenset[type] | None
    """What it declares to ask; None where a type variable leaves it to the programs given to it."""
    declared: frozenset[type]
    """What the row names, type variables apart."""
    known: object = None
    """What the native part found out about it."""

    release: str | None
    """The version that its author gave it; a run that waits is not taken on by another one."""

    def __init__(
        self,
        function: Callable[P, Generator[E_co, Any, A_co]],
        names: dict[str, Any],
        release: str | None = None,
    ) -> None:
        code = refuse_non_generator(function, names)
        self._forgotten = Forgotten(function, names).check(self)
        refuse_non_generator(function, names, is_checked=True)
        families, is_open = row_of(function, names)
        self.generator = function
        self.declared = families
        self.row = None if is_open else families
        self.name = self.__name__ = code.co_name
        self.__qualname__: str = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function
        self.release = release
        self._version: str | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Program[E_co, A_co]:
        """Make the program; wrong arguments are refused here and now."""
        if self._forgotten is not None:
            self._forgotten.check(self)
            self._forgotten = None
        # A generator that is made and not started runs nothing, and checks the arguments.
        self.generator(*args, **kwargs)
        return Call(self, args, kwargs)

    @property
    def version(self) -> str:
        """A digest of the source without comments, so that a journal knows what wrote it."""
        if self._version is None:
            from flowai.programs.source import digest

            self._version = digest(self.generator)
        return self._version

    def __reduce__(self) -> str:
        return self.__qualname__

    def __repr__(self) -> str:
        return f"<program function {self.__module__}.{self.__qualname__}>"


class Call(Program[E_co, A_co]):
    """A program function and its arguments."""

    __slots__ = ("arguments", "function", "keywords")
    node = "call"

    def __init__(
        self,
        function: ProgramFunction[..., E_co, A_co],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.keywords = keywords

    def __reduce__(self) -> tuple[Any, ...]:
        if self.keywords:
            return Call, (self.function, self.arguments, self.keywords)
        return self.function, self.arguments

    def own(self) -> tuple[object, ...]:
        bound = self._bound()
        return (self.function, bound.args, tuple(sorted(bound.kwargs.items())))

    def own_row(self) -> frozenset[type]:
        if self.function.row is not None:
            return self.function.row
        given = [*self.arguments, *self.keywords.values()]
        rows = [each.effects() for each in given if isinstance(each, Program)]
        return self.function.declared.union(*rows)

    def label(self) -> str:
        given = [*map(name_of, self.arguments)]
        given += [f"{name}={name_of(value)}" for name, value in self.keywords.items()]
        return f"{self.function.name}({', '.join(given)}) asks {row_text(self.own_row())}"

    def asks_max(self, children: list[int | None]) -> int | None:
        return None

    def _bound(self) -> BoundArguments:
        from inspect import signature

        bound = signature(self.function.generator).bind(*self.arguments, **self.keywords)
        bound.apply_defaults()
        return bound


def row_text(row: frozenset[type]) -> str:
    """Write a row as in `Do[...]`, in alphabetical order."""
    return " | ".join(sorted(each.__name__ for each in row)) or "nothing"


@overload
def program(function: Callable[P, Generator[E, Any, A]]) -> ProgramFunction[P, E, A]: ...
@overload
def program(
    *, version: str | None = None
) -> Callable[[Callable[P, Generator[E, Any, A]]], ProgramFunction[P, E, A]]: ...
def program(function: Any = None, *, version: str | None = None) -> Any:
    """Make a generator function describe programs.

    Inside, `yield from` asks an effect or runs another program. Calling the function makes an inert
    value, which may be compared, pickled, drawn, combined and run as often as wanted.

    Args:
        function: A generator function whose return is annotated as `Do[Row, Answer]`.
        version: Names what the function asks, for runs that outlive their process: one that began under
            another version is not taken on. Change it where the function asks something else.

    Raises:
        SpecError: The return is not annotated as `Do[Row, Answer]`.
        ProgramError: The function is no plain generator function, or forgets a `yield from`.

    Example:
        >>> from flowai.effects import Clock, Sleep
        >>> @program
        ... def nap(seconds: float) -> Do[Clock, str]:
        ...     yield from Sleep(seconds)
        ...     return "rested"
        >>> nap(2), nap(2) == nap(seconds=2), nap(2).effects()
        (<program nap(2) asks Clock>, True, frozenset({<class '...Clock'>}))
    """
    scope = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] — shows local classes
    names = dict(scope.f_locals)

    def made(given: Callable[..., Any]) -> ProgramFunction[..., Any, Any]:
        return ProgramFunction(given, names, version)

    return made if function is None else made(function)
