"""Test interpreters with one bug each, wrapped round the native ones; every one must be caught by a law."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from flowai.effects import AwaitApproval, CallAgent, Sleep
from flowai.errors import ApprovalRejected
from flowai.events import ApprovalRequired
from flowai.interpreters import Run, Test
from flowai.programs import ForEach
from flowai.specs.decision import Approve

if TYPE_CHECKING:
    from flowai.interpreters import Recording
    from flowai.interpreters.drive import Drive
    from flowai.laws.law import Factory


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
    def _begin(self, program: Any) -> Drive:
        drive = super()._begin(program)
        call = drive._work._call

        async def twice(*given: Any) -> Any:
            await call(*given)
            return await call(*given)

        drive._work._call = twice  # type: ignore[method-assign]
        return drive


class DecidesForTheHandler(Test[Any]):
    def run(self, program: Any) -> Run[Any]:
        deciding = self.with_answer(AwaitApproval, lambda asked: asked.subject)
        return Test.run(deciding if AwaitApproval in self.answers else self, program)


class RefusesForTheHandler(Test[Any]):
    def run(self, program: Any) -> Run[Any]:
        def refuse(_: object) -> None:
            raise ApprovalRejected("rejected")

        return Test.run(self.with_answer(AwaitApproval, refuse) if AwaitApproval in self.answers else self, program)


class ForgetsTheQuestion(Test[Any]):
    def run(self, program: Any) -> Run[Any]:
        class Forgetting(Run[Any]):
            @property
            def events(self) -> list[Any]:
                return [event for event in super().events if not isinstance(event, ApprovalRequired)]

        return Forgetting(super().run(program)._drive)


class RecordsAllButTheLast(Test[Any]):
    def run(self, program: Any) -> Run[Any]:
        class Recording_(Run[Any]):
            @property
            def recording(self) -> Recording:
                whole = super().recording
                return whole.until(len(whole) - 1)

        return Recording_(super().run(program)._drive)


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
        return Test.run(self.with_answer(Sleep, lambda _: None), program)


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


NATIVE_MUTANTS = tuple(
    each for each in globals().values() if isinstance(each, type) and issubclass(each, Test) and each is not Test
)
"""Every bug."""


def native_factory_of(mutant: type[Test[Any]]) -> Factory:
    """Make test interpreters that have the bug."""

    def made(seed: int = 0, **options: Any) -> Any:
        return mutant(seed=seed, **options)

    return made
