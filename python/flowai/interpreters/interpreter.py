"""What the three interpreters have in common: they run programs and may be given more answers."""

from __future__ import annotations

import asyncio
import copy
import itertools
import secrets
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from flowai import _bridge
from flowai.effects.effect import Effect
from flowai.errors import FlowaiError, SpecError
from flowai.interpreters.drive import Drive, is_async
from flowai.interpreters.policy import check_policies
from flowai.interpreters.prices import cost_of
from flowai.interpreters.run import Run
from flowai.interpreters.setting import Setting
from flowai.programs.program import Program, asked
from flowai.specs.added_policy import policy_json
from flowai.specs.budget import checked_budget
from flowai.specs.price import checked_prices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from typing import Self

    from flowai.events import Event
    from flowai.interpreters.prices import Prices
    from flowai.programs.program import Askable
    from flowai.specs.added_policy import AddedPolicy
    from flowai.specs.budget import Budget
    from flowai.specs.provider import ProviderSpec

H_contra = TypeVar("H_contra", contravariant=True)
"""What the interpreter answers."""
E = TypeVar("E", bound=Effect[Any])
A = TypeVar("A")

EMPTY: dict[str, Any] = {"tenant": {"id": "", "config_version": ""}, "agents": []}


class Interpreter(Generic[H_contra]):
    """Answers the effects of a program."""

    is_virtual = False
    replays = False
    """Whether it answers from a recording."""

    def __init__(
        self,
        policy: AddedPolicy | None = None,
        *,
        budget: Budget | None = None,
        prices: Prices | None = None,
    ) -> None:
        self._answers: dict[type, Callable[[Any], Any]] = {}
        self._policies = () if policy is None else (policy_json(policy),)
        if policy is not None:
            check_policies(EMPTY, self._policies)
        self.budget = checked_budget(budget)
        """What each run may use."""
        self.prices: Prices = checked_prices(prices)
        """What models cost that no list knows."""
        self._cost = cost_of(self.prices)
        self.observer: Callable[[Event], None] | None = None
        """Who is told of every event as it happens."""
        self._runtime: _bridge.Runtime | None = None
        self._drawn = itertools.count(1)

    # For those who build on it

    def config(self) -> dict[str, Any]:
        """Return the settings of the next run, as the native part reads them."""
        raise NotImplementedError

    def turns(self) -> tuple[Any, ...]:
        """Return the scripted turns that depend on what was seen."""
        return ()

    def of_query(self, number: int) -> Interpreter[H_contra]:  # noqa: ARG002 — only scripts tell queries apart
        """Return what answers the n-th query of a runtime, counted from 1."""
        return self

    def store(self) -> _bridge.Runtime:
        """Return the native runtime on which a bare program runs."""
        if self._runtime is None:
            self._runtime = _bridge.Runtime(EMPTY, [], list(self.policies()), self.world({}))
        return self._runtime

    def world(self, providers: Mapping[str, ProviderSpec]) -> dict[str, Any]:  # noqa: ARG002 — only `Live` asks them
        """Return what the native part has to know of model providers, beside those of a runtime."""
        return {}

    def policies(self) -> tuple[dict[str, Any], ...]:
        """Return the rules that were added, as the native part reads them."""
        return self._policies

    def next_run_id(self) -> str:
        """Name the next run."""
        return secrets.token_hex(16)

    @property
    def answers(self) -> Mapping[type, Callable[[Any], Any]]:
        """The handlers that were given."""
        return self._answers

    def with_answer(self, effect: type[Any], handler: Callable[[Any], Any]) -> Self:
        """Return a copy that answers one more effect.

        Raises:
            SpecError: What was given is no effect class, or no function.
        """
        given = cast("object", effect)
        if not (isinstance(given, type) and issubclass(given, Effect)):
            raise SpecError(f"`{given!r}` is no effect", hint="give the class: `.handling(AskOracle, answer)`")
        if not callable(handler):
            raise SpecError(f"the handler of `{effect.kind}` is no function", hint="give a function of the effect")
        richer = copy.copy(self)
        richer._answers = {**self._answers, effect: handler}
        richer._runtime = None
        return richer

    def observed(self, observer: Callable[[Event], None]) -> Self:
        """Return a copy that tells a function of every event as it happens.

        Args:
            observer: For example what `flowai.observe.observe()` returns. What it raises is logged
                and changes no run.

        Example:
            >>> from flowai import DrawNumber
            >>> from flowai.interpreters import Test
            >>> Test().observed(lambda event: print(event.happened)).run(DrawNumber(1, 6)).value in range(1, 7)
            run_started
            effect_asked
            effect_answered
            run_finished
            True
        """
        watched = copy.copy(self)
        watched.observer = observer
        return watched

    # For everyone

    def run(self, program: Askable[H_contra, A]) -> Run[A]:
        """Run a program to its end and return the run; its answer or error is in `.value`.

        Works on any thread, inside a running event loop too.

        Raises:
            FlowaiError: Called on the very loop that would have to go on meanwhile, as in an async tool
                of a run in the background.
        """
        drive = self._begin(program)
        try:
            drive.finish_here()
        except FlowaiError:
            drive.cancel("nobody can wait for it")
            raise
        return Run(drive)

    async def arun(self, program: Askable[H_contra, A]) -> Run[A]:
        """Run a program to its end on the running loop and return the run."""
        drive = self._begin(program)
        try:
            await drive.finish()
        except asyncio.CancelledError:
            drive.cancel("the caller was cancelled")
            await drive.finish()
            raise
        return Run(drive)

    async def stream(self, program: Askable[H_contra, A]) -> AsyncIterator[Event]:
        """Run a program on the running loop and yield its events as they happen."""
        async for event in Run(self._begin(program)):
            yield event

    def begin(self, program: Askable[H_contra, A]) -> Run[A]:
        """Begin a program and return the run at once; iterate or await it to let it go on."""
        return Run(self._begin(program))

    def _begin(self, program: Askable[Any, Any]) -> Drive:
        inner: Program[Any, Any] = asked(program)
        config = self.config()
        setting = Setting(
            run_id=config["run_id"],
            turns=self.turns(),
            answers=self._answers,
            is_virtual=self.is_virtual,
            starts_at=config.get("starts_at", 0),
            observer=self.observer,
        )
        config["budget"] = self.budget.to_json()
        session = _bridge.Session(self.store(), config, native_answers(self._answers), self._cost)
        drive = Drive(session, setting)
        drive.begin(inner.label(), inner)
        return drive


def native_answers(answers: Mapping[type, Callable[[Any], Any]]) -> dict[type, tuple[Callable[[Any], Any], bool]]:
    """Return handlers with whether each has to be awaited."""
    return {effect: (handler, is_async(handler)) for effect, handler in answers.items()}
