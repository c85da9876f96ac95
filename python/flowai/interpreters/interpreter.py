"""What the three interpreters have in common: they run programs and may be given more answers."""

from __future__ import annotations

import asyncio
import copy
import itertools
import secrets
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from flowai import _bridge
from flowai.effects.effect import Effect
from flowai.errors import SpecError
from flowai.interpreters.drive import Drive, is_async
from flowai.interpreters.run import Run
from flowai.interpreters.setting import Setting
from flowai.programs.program import Program, asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from typing import Self

    from flowai.events import Event
    from flowai.programs.program import Askable
    from flowai.specs.script import Fails

H_contra = TypeVar("H_contra", contravariant=True)
"""What the interpreter answers."""
E = TypeVar("E", bound=Effect[Any])
A = TypeVar("A")

EMPTY: dict[str, Any] = {"tenant": {"id": "", "config_version": ""}, "agents": []}


class Interpreter(Generic[H_contra]):
    """Answers the effects of a program."""

    is_virtual = False

    def __init__(self) -> None:
        self._answers: dict[type, Callable[[Any], Any]] = {}
        self._runtime: _bridge.Runtime | None = None
        self._drawn = itertools.count(1)

    # For those who build on it

    def config(self) -> dict[str, Any]:
        """Return the settings of the next run, as the native part reads them."""
        raise NotImplementedError

    def turns(self) -> tuple[Any, ...]:
        """Return the scripted turns that depend on what was seen."""
        return ()

    def failures(self) -> dict[str, list[Fails]]:
        """Return what the first calls of tools fail with in the next run, by name."""
        return {}

    def of_query(self, number: int) -> Interpreter[H_contra]:  # noqa: ARG002 — only scripts tell queries apart
        """Return what answers the n-th query of a runtime, counted from 1."""
        return self

    def store(self) -> _bridge.Runtime:
        """Return the native runtime on which a bare program runs."""
        if self._runtime is None:
            self._runtime = _bridge.Runtime(EMPTY, [])
        return self._runtime

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

    # For everyone

    def run(self, program: Askable[H_contra, A]) -> Run[A]:
        """Run a program to its end and return the run; its answer or error is in `.value`.

        Works on any thread, inside a running event loop too.
        """
        drive = self._begin(program)
        if not drive.finished:
            drive.finish_here()
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
            failures=self.failures(),
            answers=self._answers,
            is_virtual=self.is_virtual,
            starts_at=config.get("starts_at", 0),
        )
        session = _bridge.Session(self.store(), config, native_answers(self._answers))
        drive = Drive(session, setting)
        drive.begin(inner.label(), inner)
        return drive


def native_answers(answers: Mapping[type, Callable[[Any], Any]]) -> dict[type, tuple[Callable[[Any], Any], bool]]:
    """Return handlers with whether each has to be awaited."""
    return {effect: (handler, is_async(handler)) for effect, handler in answers.items()}
