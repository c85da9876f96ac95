"""The program that is run again when it fails."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowai.errors import EffectFailed, ProgramError
from flowai.programs.program import Ask, Askable, Program, asked
from flowai.programs.recovery import exceptions
from flowai.programs.structure import walk
from flowai.specs.numbers import is_from_zero, is_whole_and_positive

if TYPE_CHECKING:
    from collections.abc import Iterator

E = TypeVar("E")
A = TypeVar("A")
E_co = TypeVar("E_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a program is run, how long to wait between, and after which errors.

    Raises:
        ProgramError: A number makes no sense, or `on` names something that is no `Exception`.

    Example:
        >>> [RetryPolicy(attempts=4, wait_ms=100, wait_ms_max=300).wait_after(n) for n in (1, 2, 3)]
        [100, 200, 300]
    """

    attempts: int = 3
    """How often it runs at most, the first time included."""
    wait_ms: int = 0
    """The wait before the second run, in milliseconds."""
    factor: float = 2.0
    """By how much each wait is longer than the one before."""
    wait_ms_max: int = 60_000
    """The longest wait, in milliseconds."""
    on: tuple[type[Exception], ...] = (EffectFailed,)
    """The errors after which it runs again."""

    def __post_init__(self) -> None:
        if not is_whole_and_positive(self.attempts):
            message = f"a retry of {self.attempts!r} attempts never runs"
            raise ProgramError(message, hint="`attempts` counts every run, the first included")
        for name in ("wait_ms", "wait_ms_max", "factor"):
            if not is_from_zero(getattr(self, name)):
                raise ProgramError(f"`{name}` is {getattr(self, name)!r}", hint="give a number of zero or more")
        if not self.factor >= 1:
            message = "a retry cannot wait less and less"
            raise ProgramError(message, hint="give a `factor` of one or more")
        object.__setattr__(self, "on", exceptions(self.on))

    def wait_after(self, attempt: int) -> int:
        """Return the wait after a failed run, counted from one, in milliseconds."""
        try:
            return int(min(self.wait_ms * self.factor ** min(attempt - 1, 64), self.wait_ms_max))
        except OverflowError:
            return self.wait_ms_max


class Retry(Program[E_co, A_co]):
    """A program that is run again when it fails."""

    __slots__ = ("policy", "program")
    node = "retry"

    def __init__(self, program: Program[E_co, A_co], policy: RetryPolicy) -> None:
        self.program = program
        self.policy = policy

    def __reduce__(self) -> tuple[Any, ...]:
        return Retry, (self.program, self.policy)

    def children(self) -> tuple[Program[Any, Any], ...]:
        return (self.program,)

    def own(self) -> tuple[object, ...]:
        return (self.policy,)

    def label(self) -> str:
        return f"retry, at most {self.policy.attempts} runs"

    def asks_max(self, children: list[int | None]) -> int | None:
        return None if children[0] is None else children[0] * self.policy.attempts


def retry(
    program: Askable[E, A],
    policy: RetryPolicy | None = None,
    *,
    attempts: int = 3,
    wait_ms: int = 0,
    factor: float = 2.0,
    wait_ms_max: int = 60_000,
    on: type[Exception] | tuple[type[Exception], ...] = EffectFailed,
) -> Program[E, A]:
    """Run a program again when it fails, at most `attempts` times in all.

    Args:
        program: What may fail. It must not call a `write_once` tool, the first time included.
        policy: All of the rest as one value, instead of it.
        attempts: How often it runs at most, the first time included.
        wait_ms: The wait before the second run, in milliseconds.
        factor: By how much each wait is longer than the one before.
        wait_ms_max: The longest wait, in milliseconds.
        on: The errors after which it runs again.

    Raises:
        ProgramError: The program shows a call of a `write_once` tool, a number makes no sense, or an option
            stands beside a policy.

    Example:
        >>> from flowai.programs import pure
        >>> print(retry(pure(1), attempts=2).tree())
        retry, at most 2 runs
        └─ pure 1
    """
    inner = asked(program)
    for tool in _written_once(inner):
        message = f"`retry` may not repeat `{tool}`, which is `write_once`"
        hint = 'move the call out of the retry, or mark the tool `access="write_idempotent"`'
        raise ProgramError(message, hint=hint)
    if policy is not None and not isinstance(cast("object", policy), RetryPolicy):
        raise ProgramError(f"`{policy!r}` is no retry policy", hint="write `retry(program, attempts=3)`")
    options = RetryPolicy(attempts, wait_ms, factor, wait_ms_max, exceptions(on))
    if policy is not None:
        _check_alone(options)
    return Retry(inner, policy or options)


def _check_alone(options: RetryPolicy) -> None:
    for each in fields(options):
        if getattr(options, each.name) != each.default:
            hint = "put it into the policy, or give options only"
            raise ProgramError(f"`{each.name}` stands beside a policy", hint=hint)


def _written_once(program: Program[Any, Any]) -> Iterator[str]:
    # What stands in a retry already was looked at when that was made: nested ones would be walked again and again.
    for node in walk(program, past=(Retry,)):
        for tool in _tools(node):
            if getattr(tool, "access", None) == "write_once":
                yield tool.name


def _tools(node: Program[Any, Any]) -> tuple[Any, ...]:
    if isinstance(node, Ask):
        return (getattr(node.effect, "tool", None),)
    return tuple(getattr(getattr(node, "spec", None), "tools", ()))
