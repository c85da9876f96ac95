"""Test interpreters with one bug each, wrapped round the native ones; every one must be caught by a law."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from flowai.effects import AwaitApproval, CallAgent, Sleep
from flowai.errors import ApprovalRejected
from flowai.events import ApprovalRequired
from flowai.interpreters import Run, Test
from flowai.programs import ForEach
from flowai.specs.decision import Approve

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai.interpreters import Recording
    from flowai.laws.law import Factory


def run_with(test: Any, program: Any, effect: type[Any], answer: Callable[[Any], Any], when: bool = True) -> Run[Any]:  # noqa: FBT001, FBT002 — a bug is written quickly
    """Run a program as `Test` does, with another answer."""
    run: Any = Test[Any].run
    ended: Run[Any] = run(test.with_answer(effect, answer) if when else test, program)
    return ended


class ApprovesEverything(Test[Any]):
    def config(self) -> dict[str, Any]:
        config = super().config()
        yes = Approve().to_json()
        return {**config, "decisions": config["decisions"] and [yes for _ in config["decisions"]]}


class DropsEdits(Test[Any]):
    def config(self) -> dict[str, Any]:
        config = super().config()
        return {**config, "decisions": [{**each, "edits": None} for each in config["decisions"] or ()]}


class CallsTwice(Test[Any]):
    def _begin(self, program: Any) -> Any:
        drive: Any = super()._begin(program)
        call = drive._work._call

        def twice(*given: Any) -> Any:
            once = call(*given)
            return once and (lambda: _second(once(), once))

        drive._work._call = twice
        return drive


def _second(first: Any, once: Any) -> Any:
    async def both() -> Any:
        await first
        return await once()

    return both() if inspect.iscoroutine(first) else once()


class DecidesForTheHandler(Test[Any]):
    def run(self, program: Any) -> Run[Any]:
        return run_with(self, program, AwaitApproval, lambda asked: asked.subject, AwaitApproval in self.answers)


class RefusesForTheHandler(Test[Any]):
    def run(self, program: Any) -> Run[Any]:
        def refuse(_: object) -> None:
            raise ApprovalRejected("rejected")

        return run_with(self, program, AwaitApproval, refuse, AwaitApproval in self.answers)


class ForgetsTheQuestion(Test[Any]):
    def run(self, program: Any) -> Any:
        class Forgetting(Run[Any]):
            @property
            def events(self) -> list[Any]:
                return [event for event in super().events if not isinstance(event, ApprovalRequired)]

        run: Any = super().run(program)
        return Forgetting(run._drive)


class RecordsAllButTheLast(Test[Any]):
    def run(self, program: Any) -> Any:
        class Recorded(Run[Any]):
            @property
            def recording(self) -> Recording:
                whole = super().recording
                return whole.until(len(whole) - 1)

        run: Any = super().run(program)
        return Recorded(run._drive)


class Deaf(dict[str, Any]):
    """Settings that cannot be told to replay."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key != "replay":
            super().__setitem__(key, value)


class ReplaysByRunning(Test[Any]):
    def config(self) -> dict[str, Any]:
        return Deaf(super().config())


class Stubborn(dict[str, Any]):
    """Settings that always go on where a recording ends."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, True if key == "goes_on" else value)


class GoesOnUnasked(Test[Any]):
    def config(self) -> dict[str, Any]:
        return Stubborn(super().config())


class SleepsAtOnce(Test[Any]):
    def run(self, program: Any) -> Run[Any]:
        return run_with(self, program, Sleep, lambda _: None)


class EachWithoutLimit(Test[Any]):
    def run(self, program: Any) -> Run[Any]:
        free = ForEach[Any, Any](program.items, program.function, None) if isinstance(program, ForEach) else program
        return super().run(free)


class StepsWithoutLimit(Test[Any]):
    def run(self, program: Any) -> Run[Any]:
        if isinstance(program, CallAgent):
            asked = cast("CallAgent[Any]", program)
            return super().run(CallAgent(replace(asked.spec, max_steps=50), asked.prompt))
        return super().run(program)


class SeedOfItsOwn(Test[Any]):
    def config(self) -> dict[str, Any]:
        SeedOfItsOwn.drawn += 1
        return {**super().config(), "seed": SeedOfItsOwn.drawn, "entropy": [SeedOfItsOwn.drawn, 1, 2, 3]}

    drawn = 0


def is_bug(named: Any) -> bool:
    return isinstance(named, type) and issubclass(named, Test) and named is not Test


NATIVE_MUTANTS: tuple[type[Any], ...] = tuple(filter(is_bug, globals().values()))
"""Every bug."""


def native_factory_of(mutant: type[Any]) -> Factory:
    """Make test interpreters that have the bug."""

    def made(seed: int = 0, **options: Any) -> Any:
        return mutant(seed=seed, **options)

    return made
