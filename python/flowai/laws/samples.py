"""The effects, errors and programs that the laws are told with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flowai.effects import Clock, Effect
from flowai.errors import EffectFailed
from flowai.programs import Askable, Do, Program, asked, program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

E = TypeVar("E")
A = TypeVar("A")


class SampleFailed(EffectFailed):
    """The world of the laws says no."""


@dataclass(frozen=True)
class GiveNumber(Effect[int]):
    """Give the number of a name, or fail where the script has none."""

    name: str


@dataclass(frozen=True)
class GiveText(Effect[str]):
    """Give the name back as text."""

    name: str


@dataclass(frozen=True)
class MakeNote(Effect[None]):
    """Write a line into the log."""

    line: str


class Interpreter(Protocol):
    """What the laws need of an interpreter."""

    def handling(self, effect: type[Any], handler: Callable[[Any], Any], /) -> Any:
        """Return an interpreter that also answers this effect."""
        ...

    def run(self, program: Any, /) -> Any:
        """Run a program; the run has `value` and `events`."""
        ...


@dataclass
class World:
    """A script that answers the sample effects, and the log of what was asked.

    Example:
        >>> World({"a": 1}).give_number(GiveNumber("a"))
        1
    """

    numbers: Mapping[str, int]
    """The number of each name; any other name fails."""
    failures: dict[str, int] = field(default_factory=dict[str, int])
    """How often a name fails before it gives its number."""
    log: list[str] = field(default_factory=list[str])
    """What was asked, in order."""

    def give_number(self, effect: GiveNumber) -> int:
        """Answer by the script."""
        self.log.append(effect.name)
        left = self.failures.get(effect.name, 0)
        if left or effect.name not in self.numbers:
            self.failures[effect.name] = left - 1
            raise SampleFailed(f"no number for `{effect.name}`")
        return self.numbers[effect.name]

    def give_text(self, effect: GiveText) -> str:
        """Answer with the name."""
        self.log.append(effect.name)
        return effect.name

    def make_note(self, effect: MakeNote) -> None:
        """Keep the line."""
        self.log.append(effect.line)

    def served(self, interpreter: Interpreter) -> Interpreter:
        """Return the interpreter with this world's handlers."""
        serving = interpreter.handling(GiveNumber, self.give_number)
        serving = serving.handling(GiveText, self.give_text)
        served: Interpreter = serving.handling(MakeNote, self.make_note)
        return served


@dataclass(frozen=True)
class Plus:
    """The function that adds; as a value, so that programs that use it compare and pickle."""

    amount: int

    def __call__(self, value: int) -> int:
        """Add."""
        return value + self.amount


@dataclass(frozen=True)
class Then:
    """The function that ignores its argument's history and runs a program, adding the argument."""

    program: Program[Any, int]

    def __call__(self, value: int) -> Program[Any, int]:
        """Make the next program."""
        return self.program.map(Plus(value))


@program
def in_turn(first: Askable[E, int], second: Askable[E, int]) -> Do[E, int]:
    """Run two programs one after the other and add their answers."""
    left = yield from first
    right = yield from second
    return left + right


@program
def wrapped(inner: Askable[E, A]) -> Do[E, A]:
    """Run a program as a sub-program."""
    return (yield from inner)


@program
def noted(line: str, inner: Askable[E, A]) -> Do[E | MakeNote, A]:
    """Write a line, then run a program."""
    yield from MakeNote(line)
    return (yield from inner)


@program
def give(name: str) -> Do[GiveNumber, int]:
    """Ask for one number."""
    return (yield from GiveNumber(name))


@program
def give_slowly(name: str, seconds: float) -> Do[GiveNumber | Clock, int]:
    """Wait, then ask for one number."""
    from flowai.effects import Sleep

    yield from Sleep(seconds)
    return (yield from GiveNumber(name))


@program
def recovered(error: Exception) -> Do[MakeNote, int]:
    """Write the error's type into the log and answer with zero."""
    yield from MakeNote(f"caught {type(error).__name__}")
    return 0


def nothing(askable: Askable[E, A]) -> Program[E, int]:
    """Return the same program with its answer replaced by zero."""
    return asked(askable).map(_zero)


def _zero(_: object) -> int:
    return 0
