"""Reference interpreters with one bug each; every one must be caught by a law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowai.effects import CallTool, Effect, Sleep
from flowai.errors import Cancelled, UnhandledEffect
from flowai.laws import Reference
from flowai.laws.meaning import Frame, Start, Wait, Within
from flowai.laws.reference import Scheduler
from flowai.programs import Pure, asked

if TYPE_CHECKING:
    from flowai.laws.branch import Branch, Context
    from flowai.laws.law import Factory


class GatherLetsTheRestRun(Scheduler):
    def stop(self, running: list[Branch]) -> Frame:
        yield from ()


class GatherDoesNotWaitForCleanups(Scheduler):
    def stop(self, running: list[Branch]) -> Frame:
        yield from ()
        for branch in running:
            branch.cancel()


class GatherInOrderOfEnding(Scheduler):
    def side_by_side(self, programs: Any, limit: int | None) -> Frame:
        running = yield Start(programs)
        answers: list[Any] = []
        while running:
            ended = yield Wait(running)
            running.remove(ended)
            answers.append(ended.answer())
        return answers


class ForEachBackwards(Scheduler):
    def foreach(self, node: Any) -> Frame:
        answers = yield from super().foreach(node)
        return answers[::-1]


class ForEachWithoutLimit(Scheduler):
    def foreach(self, node: Any) -> Frame:
        return (yield from self.side_by_side([asked(node.function(item)) for item in node.items], None))


class EnsureTwice(Scheduler):
    def ensure(self, node: Any) -> Frame:
        try:
            return (yield node.program)
        finally:
            yield Within(node.cleanup, is_masked=True)
            yield Within(node.cleanup, is_masked=True)


class EnsureOnlyAfterSuccess(Scheduler):
    def ensure(self, node: Any) -> Frame:
        answer = yield node.program
        yield Within(node.cleanup, is_masked=True)
        return answer


class EnsureNotAfterCancel(Scheduler):
    def ensure(self, node: Any) -> Frame:
        try:
            answer = yield node.program
        except Exception:
            yield node.cleanup
            raise
        yield node.cleanup
        return answer


class EnsureCutByCancel(Scheduler):
    def ensure(self, node: Any) -> Frame:
        try:
            return (yield node.program)
        finally:
            yield node.cleanup


class RetryOnceMore(Scheduler):
    def retry(self, node: Any) -> Frame:
        try:
            return (yield from super().retry(node))
        except node.policy.on:
            return (yield Within(node.program, is_retrying=True))


class RetryOnAnything(Scheduler):
    def retry(self, node: Any) -> Frame:
        try:
            return (yield from super().retry(node))
        except Exception:  # noqa: BLE001 — the bug
            return (yield node.program)


class RetryWithoutWaiting(Scheduler):
    def retry(self, node: Any) -> Frame:
        for _ in range(node.policy.attempts - 1):
            try:
                return (yield Within(node.program, is_retrying=True))
            except node.policy.on:
                continue
        return (yield Within(node.program, is_retrying=True))


class RetryOfWrites(Scheduler):
    def permit(self, effect: Effect[Any], context: Context) -> None:
        super().permit(effect, context._replace(is_retrying=False))


class RaceLetsLosersRun(Scheduler):
    def race(self, node: Any) -> Frame:
        running = yield Start(node.programs)
        first = yield Wait(running)
        running.remove(first)
        for loser in running:
            yield Wait([loser])
        return first.answer()


class RaceToTheFirstSuccess(Scheduler):
    def race(self, node: Any) -> Frame:
        running = yield Start(node.programs)
        try:
            first = yield Wait(running)
            while len(running) > 1 and first._error is not None:
                running.remove(first)
                first = yield Wait(running)
        finally:
            yield from self.stop(running)
        return first.answer()


class CatchSwallowsCancel(Scheduler):
    def catch(self, node: Any) -> Frame:
        try:
            return (yield from super().catch(node))
        except Cancelled as error:
            return (yield asked(node.handler(error)))


class CatchEverything(Scheduler):
    def catch(self, node: Any) -> Frame:
        try:
            return (yield node.program)
        except Exception as error:  # noqa: BLE001 — the bug
            caught = error
        return (yield asked(node.handler(caught)))


class FallbackRunsAll(Scheduler):
    def fallback(self, node: Any) -> Frame:
        answer = yield from super().fallback(node)
        yield node.programs[-1]
        return answer


class TimeoutOff(Scheduler):
    def timeout(self, node: Any) -> Frame:
        return (yield node.program)


class TimeoutOneSecondLate(Scheduler):
    def timeout(self, node: Any) -> Frame:
        return (yield from super().timeout(type(node)(node.program, node.seconds + 1)))


class SleepWithoutTime(Scheduler):
    def tell(self, branch: Branch, effect: Effect[Any], context: Context) -> None:
        super().tell(branch, Sleep(0) if isinstance(effect, Sleep) else effect, context)


class UnhandledIsNone(Scheduler):
    def perform(self, effect: Effect[Any]) -> Any:
        try:
            return super().perform(effect)
        except UnhandledEffect:
            return 0


class AnswersUnchecked(Scheduler):
    def validated(self, effect: Effect[Any], answer: Any) -> Any:
        return answer


class RowsUnchecked(Scheduler):
    def permit(self, effect: Effect[Any], context: Context) -> None:
        super().permit(effect, context._replace(row=None))


class RowsOfTheInnermostOnly(Scheduler):
    def narrowed(self, outer: frozenset[type] | None, row: frozenset[type] | None) -> frozenset[type] | None:
        return row


class UnaskedIsAnswered(Scheduler):
    def call(self, node: Any) -> Frame:
        started: Frame = node.function.generator(*node.arguments, **node.keywords)
        return (yield from started)


class EffectsTwice(Scheduler):
    def perform(self, effect: Effect[Any]) -> Any:
        if not isinstance(effect, CallTool):
            super().perform(effect)
        return super().perform(effect)


class PureAddsOne(Scheduler):
    def bind(self, node: Any) -> Frame:
        answer = yield node.source
        return (yield asked(node.then(answer + 1 if isinstance(node.source, Pure) else answer)))


class RecursiveCalls(Scheduler):
    def bind(self, node: Any) -> Frame:
        source: Frame = getattr(self, node.source.node)(node.source)
        answer = yield from source
        return (yield asked(node.then(answer)))


class EventsOfTheClass(Scheduler):
    leaked: list[Any] = []  # noqa: RUF012 — the bug

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.events = self.leaked


MUTANTS = tuple(
    each
    for each in globals().values()
    if isinstance(each, type) and issubclass(each, Scheduler) and each is not Scheduler
)
"""Every bug."""


def factory_of(mutant: type[Scheduler]) -> Factory:
    """Make interpreters that have the bug."""

    class Mutant(Reference):
        def scheduler(self) -> Scheduler:
            return mutant(self.handlers, self.seed)

    return Mutant
