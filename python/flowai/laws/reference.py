"""The reference interpreter: what running a program means, in plain Python."""

from __future__ import annotations

import heapq
from datetime import timedelta
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from returns.result import Failure, Result, Success

from flowai.effects import CallTool, Effect, ReadClock, Sleep
from flowai.effects.read_clock import EPOCH
from flowai.errors import Cancelled, ProgramError, RunCancelled, UndeclaredEffect, UnhandledEffect
from flowai.laws.branch import Branch, Context
from flowai.laws.meaning import Meaning, Start, Wait, Within
from flowai.programs import Askable, Call, Program, asked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
Handlers = dict[type[Effect[Any]], "Callable[[Any], Any]"]


class Event(NamedTuple):
    """What happened: `asked`, `answered` or `failed`, and what."""

    type: str
    effect: str
    content: Any


class Reference:
    """Runs a program with handlers under a virtual clock; the meaning every interpreter must agree with.

    Args:
        seed: The order in which branches that could go on do; None is turn by turn.

    Example:
        >>> from flowai.effects import DrawNumber
        >>> six = Reference().handling(DrawNumber, lambda effect: effect.high)
        >>> six.run(DrawNumber(1, 6)).value
        6
    """

    def __init__(self, seed: int | None = None, handlers: Handlers | None = None) -> None:
        self.seed = seed
        self.handlers: Handlers = handlers or {}

    def handling(self, effect: type[Effect[A]], handler: Callable[[Any], A]) -> Reference:
        """Return an interpreter that also answers this effect."""
        return type(self)(self.seed, {**self.handlers, effect: handler})

    def run(self, program: Askable[Any, A]) -> ReferenceRun[A]:
        """Run a program to its end."""
        return self.scheduler().run(asked(program))

    def scheduler(self) -> Scheduler:
        """Return what runs one program."""
        return Scheduler(self.handlers, self.seed)


class ReferenceRun(Generic[A_co]):
    """How a run ended and what happened in it."""

    def __init__(self, branch: Branch, events: list[Event]) -> None:
        self._branch = branch
        self.events = events

    @property
    def value(self) -> A_co:
        """The answer; raises where the run failed."""
        try:
            answer: A_co = self._branch.answer()
        except Cancelled as error:
            raise RunCancelled("the run was cancelled") from error
        return answer

    @cached_property
    def result(self) -> Result[A_co, Exception]:
        """The answer or the error, as a value."""
        try:
            return Success(self.value)
        except Exception as error:  # noqa: BLE001 — it is told to the program or is the result
            return Failure(error)


class Scheduler(Meaning):
    """Runs the branches of one program, one effect at a time."""

    def __init__(self, handlers: Mapping[type[Effect[Any]], Callable[[Any], Any]], seed: int | None) -> None:
        self.handlers: Handlers = {ReadClock: self.read_clock}
        self.handlers.update(handlers)
        self.random = None if seed is None else Random(seed)  # noqa: S311 — a schedule, no secret
        self.now = 0.0
        self.events: list[Event] = []
        self.ready: list[Branch] = []
        self.timers: list[tuple[float, int, int, Branch]] = []
        self.started = 0

    def run(self, program: Program[Any, A]) -> ReferenceRun[A]:
        """Run branches until the first one has ended."""
        main = self.start(program, Context())
        while not main.is_done:
            self.step(self.next_ready())
        return ReferenceRun(main, self.events)

    def next_ready(self) -> Branch:
        """Return the branch that goes on; time passes only when none can."""
        while not self.ready:
            self.now, _, ticket, branch = heapq.heappop(self.timers)
            if branch.ticket == ticket:
                self.wake(branch)
        return self.ready.pop(self.random.randrange(len(self.ready)) if self.random else 0)

    def start(self, program: Program[Any, Any], context: Context) -> Branch:
        """Make a branch of a program."""
        self.started += 1
        branch = Branch(self.wake, self.started)
        self.push(branch, program, context)
        self.wake(branch)
        return branch

    def wake(self, branch: Branch) -> None:
        """Let a branch go on; what it waited for means nothing any more."""
        branch.ticket += 1
        branch.waiting = None
        if branch not in self.ready:
            self.ready.append(branch)

    def push(self, branch: Branch, program: Program[Any, Any], context: Context) -> None:
        """Put a program on top of a branch."""
        if isinstance(program, Call):
            context = context._replace(row=self.narrowed(context.row, program.function.row))
        branch.frames.append((getattr(self, program.node)(program), context))
        branch.give(None)

    def narrowed(self, outer: frozenset[type] | None, row: frozenset[type] | None) -> frozenset[type] | None:
        """Return what both rows allow."""
        return row if outer is None else outer if row is None else outer & row

    def step(self, branch: Branch) -> None:
        """Run a branch until it waits or ends."""
        while branch.frames:
            context = branch.frames[-1][1]
            try:
                if self.waits(branch, branch.resume(), context):
                    return
            except StopIteration as stop:
                branch.frames.pop()
                branch.give(stop.value)
            except BaseException as error:  # noqa: BLE001 — it is told to the program or is the result
                branch.frames.pop()
                branch.throw(error)
        branch.is_done = True
        for waiter, ticket in branch.waiters:
            if waiter.ticket == ticket and waiter.waiting is not None and self.is_over(waiter.waiting):
                waiter.give(branch)
                self.wake(waiter)

    def waits(self, branch: Branch, request: object, context: Context) -> bool:
        """Do what a frame asks for, and say whether its branch must wait."""
        match request:
            case Program():
                self.push(branch, asked(request), context)  # pyright: ignore[reportUnknownArgumentType]
            case Within(program, is_masked, is_retrying):
                inner = context._replace(
                    is_masked=context.is_masked or is_masked,
                    is_retrying=context.is_retrying or is_retrying,
                )
                self.push(branch, program, inner)
            case Start(programs):
                # A branch of a cleanup is cancelled by nobody but the cleanup.
                inner = context._replace(is_masked=False)
                branch.give([self.start(each, inner) for each in programs])
            case Wait():
                return self.wait(branch, request)
            case Effect():
                self.tell(branch, request, context)  # pyright: ignore[reportUnknownArgumentType]
                return True
            case _:
                message = f"a program asked `{request!r}`, which is no effect and no program"
                branch.throw(ProgramError(message, hint="write `yield from` before an effect or a program"))
        return False

    def wait(self, branch: Branch, request: Wait) -> bool:
        """Let a branch wait for others, for a time, or for whichever comes first."""
        ended = [each for each in request.branches if each.is_done]
        branch.give(ended[0] if ended else None)
        if self.is_over(request):
            return False
        branch.waiting = request
        for each in request.branches:
            each.waiters.append((branch, branch.ticket))
        if request.seconds != float("inf"):
            heapq.heappush(self.timers, (self.now + request.seconds, branch.order, branch.ticket, branch))
        return True

    def is_over(self, wait: Wait) -> bool:
        """Say whether the branches that are waited for have ended."""
        return (all if wait.for_all else any)(each.is_done for each in wait.branches)

    def tell(self, branch: Branch, effect: Effect[Any], context: Context) -> None:
        """Answer one effect, or tell why not."""
        self.events.append(Event("asked", effect.kind, effect))
        try:
            self.permit(effect, context)
            if isinstance(effect, Sleep) and Sleep not in self.handlers:
                self.wait(branch, Wait((), effect.seconds))
                return
            answer = self.validated(effect, self.perform(effect))
        except BaseException as error:  # noqa: BLE001 — it is told to the program or is the result
            self.events.append(Event("failed", effect.kind, repr(error)))
            branch.throw(error)
        else:
            self.events.append(Event("answered", effect.kind, answer))
            branch.give(answer)
        self.wake(branch)

    def permit(self, effect: Effect[Any], context: Context) -> None:
        """Refuse what no row declares and what must not be repeated."""
        if context.row is not None and context.row.isdisjoint(effect.families):
            family = effect.families[0].__name__
            message = f"`{effect.kind}` was asked, and the row does not declare `{family}`"
            raise UndeclaredEffect(message, hint=f"add `{family}` to the `Do[...]` of the program")
        if context.is_retrying and isinstance(effect, CallTool) and effect.tool.access == "write_once":
            message = f"`retry` may not repeat `{effect.tool.name}`, which is `write_once`"
            raise ProgramError(message, hint="move the call out of the retry")

    def perform(self, effect: Effect[Any]) -> Any:
        """Call the handler of an effect."""
        for kind in type(effect).__mro__:
            if kind in self.handlers:
                return self.handlers[kind](effect)
        if isinstance(effect, CallTool):
            return effect.tool.function(**effect.arguments)
        message = f"no handler answers `{effect.kind}`"
        raise UnhandledEffect(message, hint=f"give `.handling({effect.kind}, handler)`")

    def validated(self, effect: Effect[Any], answer: Any) -> Any:
        """Give an answer the form it would have when replayed."""
        return effect.codec.decode(effect.codec.encode(answer))

    def read_clock(self, _: object) -> Any:
        """Answer with the virtual time."""
        return EPOCH + timedelta(seconds=self.now)
