"""What each node of a program means, as a generator that asks a scheduler."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from flowai.effects import Effect
from flowai.errors import ProgramError, TimedOut
from flowai.programs import Program, asked

if TYPE_CHECKING:
    from flowai.laws.branch import Branch
    from flowai.programs import (
        AgentStep,
        Ask,
        Bind,
        Call,
        Catch,
        Ensure,
        Fail,
        Fallback,
        ForEach,
        Gather,
        Map,
        Pure,
        Race,
        Retry,
        Timeout,
    )

Frame: TypeAlias = Generator[Any, Any, Any]
"""A node that runs: it yields effects, programs and the requests below, and is sent the answers."""

Parts: TypeAlias = Iterable[Program[Any, Any]]


class Within(NamedTuple):
    """Run a program, shielded from cancels or as an attempt of a retry."""

    program: Program[Any, Any]
    is_masked: bool = False
    is_retrying: bool = False


class Start(NamedTuple):
    """Start programs side by side; answered with their branches."""

    programs: Parts


class Wait(NamedTuple):
    """Wait for the first of some branches to end; answered with it, or None when time is up.

    A wait `for_all` ends with the last of them, and no cancel interrupts it.
    """

    branches: Sequence[Branch]
    seconds: float = float("inf")
    for_all: bool = False


class Meaning:
    """The nodes of a program, one method each, named as the node is."""

    def call(self, node: Call[Any, Any]) -> Frame:
        """Run the user's generator; what it returns must not be a question nobody asked."""
        answer = yield from node.function.generator(*node.arguments, **node.keywords)
        if isinstance(answer, Effect | Program):
            message = f"`{node.function.name}` returns an unasked `{type(answer).__name__}`"  # pyright: ignore[reportUnknownArgumentType]
            raise ProgramError(message, hint="write `return (yield from ...)`")
        return answer

    def ask(self, node: Ask[Any, Any]) -> Frame:
        """Ask one effect."""
        return (yield node.effect)

    def pure(self, node: Pure[Any]) -> Frame:
        """Answer at once."""
        yield from ()
        return node.value

    def fail(self, node: Fail) -> Frame:
        """Raise at once."""
        yield from ()
        raise node.error

    def bind(self, node: Bind[Any, Any]) -> Frame:
        """Run one, then what its answer makes."""
        answer = yield node.source
        return (yield asked(node.then(answer)))

    def map(self, node: Map[Any, Any]) -> Frame:
        """Run one and transform its answer."""
        answer = yield node.source
        return node.transform(answer)

    def gather(self, node: Gather[Any, Any]) -> Frame:
        """Run all side by side."""
        answers = yield from self.side_by_side(node.programs, None)
        return tuple(answers)

    def foreach(self, node: ForEach[Any, Any]) -> Frame:
        """Run one function over all items, at most `limit` at a time."""
        programs = [asked(node.function(item)) for item in node.items]
        return (yield from self.side_by_side(programs, node.limit))

    def side_by_side(self, programs: Parts, limit: int | None) -> Frame:
        """Run programs, `limit` at a time; the first error stops the rest."""
        started: list[Branch] = []
        running: list[Branch] = []
        try:
            for program in programs:
                if limit is not None and len(running) >= limit:
                    yield from self.join(running)
                started += yield Start([program])
                running.append(started[-1])
            while running:
                yield from self.join(running)
        finally:
            yield from self.stop(running)
        return [branch.answer() for branch in started]

    def join(self, running: list[Branch]) -> Frame:
        """Wait for one branch and raise its error."""
        ended = yield Wait(running)
        running.remove(ended)
        ended.answer()

    def stop(self, running: list[Branch]) -> Frame:
        """Cancel branches and wait until their cleanups are done, whatever comes of them."""
        for branch in running:
            branch.cancel()
        yield Wait(tuple(running), for_all=True)

    def race(self, node: Race[Any, Any]) -> Frame:
        """Run all side by side and end as the first that ends."""
        running = yield Start(node.programs)
        try:
            first = yield Wait(running)
        finally:
            yield from self.stop(running)
        return first.answer()

    def timeout(self, node: Timeout[Any, Any]) -> Frame:
        """Run one for so long."""
        running = yield Start([node.program])
        try:
            ended = yield Wait(running, node.seconds)
        finally:
            yield from self.stop(running)
        if ended is None:
            raise TimedOut("the time limit passed")
        return ended.answer()

    def retry(self, node: Retry[Any, Any]) -> Frame:
        """Run one again while it fails, a bounded number of times."""
        for attempt in range(1, node.policy.attempts):
            try:
                return (yield Within(node.program, is_retrying=True))
            except node.policy.on:
                pass
            yield Wait((), node.policy.wait_after(attempt) / 1_000)
        return (yield Within(node.program, is_retrying=True))

    def fallback(self, node: Fallback[Any, Any]) -> Frame:
        """Run one after the other until one succeeds."""
        for program in node.programs[:-1]:
            try:
                return (yield program)
            except Exception:  # noqa: BLE001, S112 — that is what a fallback is for
                continue
        return (yield node.programs[-1])

    def catch(self, node: Catch[Any, Any]) -> Frame:
        """Run one; on an error, what the handler makes of it."""
        try:
            return (yield node.program)
        except node.on as error:
            caught = error
        return (yield asked(node.handler(caught)))

    def ensure(self, node: Ensure[Any, Any]) -> Frame:
        """Run one, then the cleanup, shielded from cancels."""
        try:
            return (yield node.program)
        finally:
            yield Within(node.cleanup, is_masked=True)

    def agentstep(self, node: AgentStep) -> Frame:
        """Refuse: the agent loops are written once, in Rust."""
        yield from ()
        message = f"the reference interpreter has no agent loop for `{node.spec.name}`"
        raise ProgramError(message, hint="run it with `Live`, `Test` or `Eval`")
