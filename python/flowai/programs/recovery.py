"""The programs that deal with failure: `fallback`, `catch`, `ensure` and `timeout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from flowai.errors import ProgramError
from flowai.programs.program import Askable, Program, asked, row_of_function
from flowai.programs.structure import name_of
from flowai.specs.numbers import is_from_zero

if TYPE_CHECKING:
    from collections.abc import Callable

E = TypeVar("E")
A = TypeVar("A")
E_co = TypeVar("E_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)
E1 = TypeVar("E1")
E2 = TypeVar("E2")
E3 = TypeVar("E3")
E4 = TypeVar("E4")
A1 = TypeVar("A1")
A2 = TypeVar("A2")
A3 = TypeVar("A3")
A4 = TypeVar("A4")
X = TypeVar("X", bound=Exception)


class Fallback(Program[E_co, A_co]):
    """Programs tried one after the other until one succeeds."""

    __slots__ = ("programs",)
    node = "fallback"

    def __init__(self, programs: tuple[Program[Any, Any], ...]) -> None:
        self.programs = programs

    def children(self) -> tuple[Program[Any, Any], ...]:
        return self.programs


class Catch(Program[E_co, A_co]):
    """A program, and what to do about its errors."""

    __slots__ = ("handler", "on", "program")
    node = "catch"

    def __init__(
        self,
        program: Program[Any, Any],
        handler: Callable[[Any], Askable[Any, Any]],
        on: tuple[type[BaseException], ...],
    ) -> None:
        self.program = program
        self.handler = handler
        self.on = on

    def __reduce__(self) -> tuple[Any, ...]:
        return Catch, (self.program, self.handler, self.on)

    def children(self) -> tuple[Program[Any, Any], ...]:
        return (self.program,)

    def own(self) -> tuple[object, ...]:
        return (self.handler, self.on)

    def own_row(self) -> frozenset[type]:
        return row_of_function(self.handler)

    def label(self) -> str:
        return f"catch {_names(self.on)} with {name_of(self.handler)}"

    def asks_max(self, children: list[int | None]) -> int | None:
        return None


class Ensure(Program[E_co, A_co]):
    """A program, and what runs once when it ends in any way."""

    __slots__ = ("cleanup", "program")
    node = "ensure"

    def __init__(self, program: Program[Any, A_co], cleanup: Program[Any, Any]) -> None:
        self.program = program
        self.cleanup = cleanup

    def __reduce__(self) -> tuple[Any, ...]:
        return Ensure, (self.program, self.cleanup)

    def children(self) -> tuple[Program[Any, Any], ...]:
        return (self.program, self.cleanup)


class Timeout(Program[E_co, A_co]):
    """A program that is cancelled when its time is up."""

    __slots__ = ("program", "seconds")
    node = "timeout"

    def __init__(self, program: Program[E_co, A_co], seconds: float) -> None:
        self.program = program
        self.seconds = seconds

    def children(self) -> tuple[Program[Any, Any], ...]:
        return (self.program,)

    def own(self) -> tuple[object, ...]:
        return (self.seconds,)

    def label(self) -> str:
        return f"timeout {self.seconds:g} s"


@overload
def fallback(p1: Askable[E1, A1], /) -> Program[E1, A1]: ...
@overload
def fallback(p1: Askable[E1, A1], p2: Askable[E2, A2], /) -> Program[E1 | E2, A1 | A2]: ...
@overload
def fallback(
    p1: Askable[E1, A1], p2: Askable[E2, A2], p3: Askable[E3, A3], /
) -> Program[E1 | E2 | E3, A1 | A2 | A3]: ...
@overload
def fallback(
    p1: Askable[E1, A1], p2: Askable[E2, A2], p3: Askable[E3, A3], p4: Askable[E4, A4], /
) -> Program[E1 | E2 | E3 | E4, A1 | A2 | A3 | A4]: ...
@overload
def fallback(*programs: Askable[E, A]) -> Program[E, A]: ...
def fallback(*programs: Askable[Any, Any]) -> Program[Any, Any]:
    """Try programs in the order given and end as the first that succeeds, or as the last.

    Raises:
        ProgramError: Nothing was given, or something that is no program and no effect.

    Example:
        >>> from flowai.programs import fail, pure
        >>> print(fallback(fail(ValueError("no")), pure(1)).tree())
        fallback
        ├─ fail ValueError
        └─ pure 1
    """
    if not programs:
        raise ProgramError("a fallback needs something to try", hint="give at least one program")
    return Fallback(tuple(map(asked, programs)))


@overload
def catch(program: Askable[E1, A1], handler: Callable[[Exception], Askable[E2, A2]]) -> Program[E1 | E2, A1 | A2]: ...
@overload
def catch(
    program: Askable[E1, A1],
    handler: Callable[[X], Askable[E2, A2]],
    on: type[X] | tuple[type[X], ...],
) -> Program[E1 | E2, A1 | A2]: ...
def catch(program: Askable[Any, Any], handler: Any, on: Any = Exception) -> Program[Any, Any]:
    """Run a program; on an error, run what `handler` makes of it instead.

    Args:
        program: What may fail.
        handler: A function of the error that returns a program or an effect.
        on: Which errors; a cancellation is none of them.

    Raises:
        ProgramError: `on` names something that is no `Exception`, or the handler is no function.

    Example:
        >>> from flowai.programs import pure
        >>> from flowai.errors import ToolFailed
        >>> catch(pure(1), lambda error: pure(0), on=ToolFailed)
        <program catch ToolFailed with <lambda>>
    """
    if not callable(cast("object", handler)):
        # Only the error that it should have handled would show it otherwise, and be lost.
        hint = "give a function of the error that returns a program or an effect"
        raise ProgramError(f"`{name_of(handler)}` handles no error", hint=hint)
    return Catch(asked(program), handler, exceptions(on))


def ensure(program: Askable[E1, A], cleanup: Askable[E2, object]) -> Program[E1 | E2, A]:
    """Run a program, then `cleanup`, once, whether it succeeded, failed or was cancelled.

    The cleanup itself is not cancelled; where it fails, its error is raised, as in `finally`.

    Raises:
        ProgramError: Something given is no program and no effect.

    Example:
        >>> from flowai.programs import pure
        >>> print(ensure(pure(1), pure(None)).tree())
        ensure
        ├─ pure 1
        └─ pure None
    """
    return Ensure(asked(program), asked(cleanup))


def timeout(program: Askable[E, A], seconds: float) -> Program[E, A]:
    """Run a program and cancel it when its time is up.

    Args:
        program: What may take long.
        seconds: How long, by the clock of the interpreter; `math.inf` is for ever.

    Raises:
        TimedOut: In the program, when the time is up.
        ProgramError: `seconds` is negative or no number.

    Example:
        >>> from flowai.programs import pure
        >>> timeout(pure(1), 2.5)
        <program timeout 2.5 s>
    """
    if not is_from_zero(seconds):
        raise ProgramError(f"a timeout of {seconds!r} s", hint="give zero or more seconds")
    return Timeout(asked(program), seconds)


def exceptions(on: object) -> tuple[type[Exception], ...]:
    """Return the exception types given as one or as a tuple.

    Raises:
        ProgramError: One of them is no subclass of `Exception`.
    """
    for each in _each(on):
        if not (isinstance(each, type) and issubclass(each, Exception)):
            hint = "name subclasses of `Exception`; what must run on a cancel belongs in `ensure`"
            raise ProgramError(f"`{name_of(each)}` cannot be caught", hint=hint)  # pyright: ignore[reportUnknownArgumentType]
    return _each(on)


def _each(on: Any) -> tuple[Any, ...]:
    return on if isinstance(on, tuple) else (on,)  # pyright: ignore[reportUnknownVariableType]


def _names(types: tuple[type[BaseException], ...]) -> str:
    return " | ".join(each.__name__ for each in types)
