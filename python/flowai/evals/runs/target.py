"""What is evaluated: a runtime, a spec of one, an agent, a program, or a function that makes one for each case."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import SpecError
from flowai.programs.function import ProgramFunction
from flowai.programs.program import Program
from flowai.specs.agent import AgentSpec
from flowai.specs.runtime import RuntimeSpec

if TYPE_CHECKING:
    from flowai.evals.case import TestCase
    from flowai.interpreters.interpreter import Interpreter
    from flowai.interpreters.run import Run
    from flowai.interpreters.runtime import Runtime

HINT = "give a runtime, a runtime spec, an agent, a program function, or a function of a case that returns one"

Begin = Callable[["Interpreter[Any]"], "Run[Any]"]
"""Begins the run of one case under an interpreter."""


@dataclass(frozen=True)
class Target:
    """What is asked the prompt of each case."""

    given: Any

    @property
    def name(self) -> str:
        """What reports call it."""
        given: object = self.given
        if isinstance(given, RuntimeSpec):
            return given.tenant.id
        named = getattr(given, "name", None) or getattr(given, "__name__", None)
        if named is None and hasattr(given, "spec"):
            named = self.given.spec.tenant.id
        return str(named or type(given).__name__)

    async def made(self, case: TestCase) -> Any:
        """Return what this case is put to."""
        given: Any = cast("object", self.given)
        is_program = isinstance(cast("object", given), ProgramFunction)
        made: Any = given(case) if callable(given) and not is_program else given
        return await made if inspect.isawaitable(made) else made

    async def begin(self, case: TestCase) -> tuple[Begin, Interpreter[Any] | None]:
        """Return what begins the run, and the interpreter that the target has of itself.

        Raises:
            SpecError: The target is nothing that can be run.
        """
        made = await self.made(case)
        if isinstance(made, ProgramFunction):
            made = cast("Any", made)(case.prompt)
        if isinstance(made, Program):
            program: Any = cast("object", made)
            return lambda interpreter: interpreter.begin(program), None
        return _of_runtime(made, case)


def _of_runtime(made: object, case: TestCase) -> tuple[Begin, Interpreter[Any] | None]:
    from flowai.interpreters.runtime import Runtime

    if isinstance(made, AgentSpec):
        agent: Any = cast("object", made)
        return _begins(_spec_of(agent), agent.name, case), None
    if isinstance(made, RuntimeSpec):
        return _begins(made, case.agent, case), None
    if isinstance(made, Runtime):
        runtime: Runtime = made
        return lambda interpreter: runtime.under(interpreter).ask(case.agent, case.prompt), runtime.interpreter
    raise SpecError(f"a `{type(made).__name__}` cannot be evaluated", hint=HINT)


def _begins(spec: RuntimeSpec, agent: str | None, case: TestCase) -> Begin:
    from flowai.interpreters.creation import create_runtime

    return lambda interpreter: create_runtime(spec, interpreter=interpreter).ask(agent, case.prompt)


def _spec_of(agent: AgentSpec[Any]) -> RuntimeSpec:
    from flowai.interpreters.wiring import define_runtime
    from flowai.specs.tenant import define_tenant

    return define_runtime(tenant=define_tenant("evals", "v1"), agents=[agent])
