"""The test interpreter: answers from a script, under a virtual clock."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from flowai.effects.families import Agents, Approvals, Chance, Clock, Models, Plans, References, Tools
from flowai.interpreters.interpreter import Interpreter
from flowai.interpreters.script import Script
from flowai.specs.testing import TestingConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai._bridge import Runtime
    from flowai.effects.effect import Effect
    from flowai.interpreters.prices import Prices
    from flowai.specs.added_policy import AddedPolicy
    from flowai.specs.budget import Budget
    from flowai.specs.testing import Decisions
    from flowai.specs.testing import Script as Written
    from flowai.specs.trouble import Troubles

H_contra = TypeVar("H_contra", contravariant=True)
E = TypeVar("E")

BuiltIn = Models | Tools | Approvals | References | Plans | Agents | Clock | Chance
"""The families that every interpreter answers."""


class Test(Interpreter[H_contra]):
    """Answers models from a script and humans from a list; real tools still run, one at a time.

    The same program, script and seed give the same events, to the byte. Time is virtual: it moves
    when nothing real is at work.

    Args:
        script: What models say, as one list or by agent; each step once and in order.
        decisions: What approvals are answered with, in the order in which they are asked.
        mock_response: What every model call is answered with, instead of a script.
        seed: Draws the schedule, ids and numbers, and names the run; without one the name is fresh in each process.
        faults: What goes wrong, by position (`"2"`), tool, model or effect (`"CallTool"`): an exception,
            `Hangs()`, `Delays(ms)` or `Crashes()`, or a list of them for the first asks there.
        deltas: Whether readers of a run are shown what models say and think word by word too, as `Live`
            shows it; what lasts is the same.
        policy: Rules that ask more than the runtime's own.
        budget: What each run may use.
        prices: What models cost that `genai-prices` does not know, or not rightly.

    Example:
        >>> from flowai import CallModel, program, Do, Models
        >>> @program
        ... def greet(name: str) -> Do[Models, str]:
        ...     return (yield from CallModel("any", prompt=f"Greet {name}."))
        >>> Test(script=["Hello, Ana."]).run(greet("Ana")).value
        'Hello, Ana.'
    """

    __test__: ClassVar[bool] = False
    is_virtual = True

    def __init__(  # noqa: PLR0913 — all that a test may say, by name
        self: Test[BuiltIn],
        script: Written | None = None,
        *,
        decisions: Decisions | None = None,
        mock_response: str | None = None,
        seed: int | None = None,
        faults: Troubles | None = None,
        deltas: bool = False,
        policy: AddedPolicy | None = None,
        budget: Budget | None = None,
        prices: Prices | None = None,
    ) -> None:
        super().__init__(policy, budget=budget, prices=prices)
        testing = TestingConfig(
            mock_response=mock_response,
            script=script,
            decisions=decisions,
            seed=seed,
            faults=faults,
            deltas=deltas,
        )
        self._script = Script(testing)

    @classmethod
    def of(cls, testing: TestingConfig) -> Test[BuiltIn]:
        """Return the interpreter of a testing configuration."""
        test: Test[BuiltIn] = cast("Any", cls)()
        test._script = Script(testing)
        return test

    @property
    def testing(self) -> TestingConfig:
        """What models say and humans decide."""
        return self._script.testing

    def handling(self, effect: type[E], handler: Callable[[E], object]) -> Test[H_contra | E]:
        """Return a copy that answers one more effect of yours.

        Args:
            effect: The class of the effect.
            handler: Its answer, as a function of the effect; it may be async.
        """
        richer = self.with_answer(cast("type[Effect[Any]]", effect), handler)
        return cast("Test[H_contra | E]", richer)

    def config(self) -> dict[str, Any]:
        """Return the settings of the next run."""
        return self._script.config()

    def turns(self) -> tuple[Any, ...]:
        """Return the scripted turns that depend on what was seen."""
        return tuple(self._script.late)

    def of_query(self, number: int) -> Test[H_contra]:
        """Return what answers the n-th query of a runtime."""
        here = copy.copy(self)
        here._script = Script(self._script.testing, number)
        return here

    def store(self) -> Runtime:
        """Return an empty store, so that no run knows of another."""
        return super().store().fresh()
