"""A law: a named function that must hold for every interpreter."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowai.laws.samples import Interpreter, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

Factory: TypeAlias = "Callable[..., Interpreter]"
"""Makes a fresh interpreter; called with `seed=` where it takes one.

Laws that are native also give `script=`, `decisions=` and `faults=`, as `Test` takes them.
"""


class Observation(NamedTuple):
    """What can be seen of a run from outside."""

    outcome: tuple[str, Any]
    """`answer` and the value, or the type of the error and what it says."""
    log: tuple[str, ...]
    """What the world was asked, in order."""


class Subject:
    """The interpreter under a law."""

    def __init__(self, factory: Factory, depth: int = 10_000) -> None:
        self.factory = factory
        self.depth = depth

    def interpreter(self, seed: int = 0) -> Interpreter:
        """Make one, with a schedule of its own where it takes a seed."""
        takes_seed = "seed" in inspect.signature(self.factory).parameters
        return self.factory(seed=seed) if takes_seed else self.factory()

    def native(self, seed: int = 0, **options: Any) -> Any:
        """Make one that can do more than a law may ask of the reference, with what it answers."""
        return self.factory(seed=seed, **options)

    def observe(
        self,
        program: Any,
        numbers: Mapping[str, int] | None = None,
        failures: Mapping[str, int] | None = None,
        seed: int = 0,
    ) -> Observation:
        """Run a program in a fresh world."""
        world = World(numbers or {}, dict(failures or {}))
        outcome = outcome_of(lambda: world.served(self.interpreter(seed)).run(program).value)
        return Observation(outcome, tuple(world.log))


def outcome_of(value: Callable[[], Any]) -> tuple[str, Any]:
    """Return the value, or the error as something that compares."""
    try:
        return ("answer", value())
    except Exception as error:  # noqa: BLE001 — whatever happened is the outcome
        return (type(error).__name__, error.args)


@dataclass(frozen=True)
class Law:
    """One law and how its cases are drawn."""

    number: int
    """The number of the law in `design/kernel.md`, which groups them."""
    holds: Callable[..., None]
    """Asserts the law for a subject and a drawn case."""
    cases: dict[str, SearchStrategy[Any]]
    """How to draw the arguments of `holds`."""
    is_timed: bool = False
    """Whether it needs a virtual clock."""
    is_native: bool = False
    """Whether it speaks of what the reference has not: recordings, the gate, references and agents."""

    @property
    def name(self) -> str:
        """The law as a sentence."""
        return self.holds.__name__

    def check(self, subject: Subject, examples: int = 50) -> None:
        """Draw cases and assert the law for each.

        Raises:
            AssertionError: The law does not hold; the notes show the smallest case found.
        """
        if not self.cases:
            self.holds(subject)
            return

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=SUPPRESSED,
        )
        @given(st.fixed_dictionaries(self.cases))
        def case_holds(case: dict[str, Any]) -> None:
            self.holds(subject, **case)

        case_holds()


SUPPRESSED = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
"""Programs are large cases; drawing one may take a while."""

LAWS: list[Law] = []
"""Every law, in the order of the modules that `flowai.laws.check` imports."""


def law(
    number: int, *, is_timed: bool = False, is_native: bool = False, **cases: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Law]:
    """Make a function a law.

    Args:
        number: The number of the law.
        is_timed: Whether it needs a virtual clock.
        is_native: Whether it speaks of what the reference has not.
        **cases: How to draw the arguments of the function, after the subject.
    """

    def made(holds: Callable[..., None]) -> Law:
        one = Law(number, holds, cases, is_timed, is_native)
        LAWS.append(one)
        return one

    return made
