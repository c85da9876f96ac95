"""How a runtime is answered in a test: what its models say and what its humans decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypeGuard, TypeVar, cast

from flowai.specs.decision import Approve, Decision, DecisionLike, Reject, to_decision
from flowai.specs.faults import Faults
from flowai.specs.script import ScriptStep, Step, Turn, turn_of
from flowai.specs.trouble import Troubles, check_troubles

__all__ = ["Approve", "Decision", "Reject", "TestingConfig", "to_decision"]

T = TypeVar("T")

Decisions = Sequence[DecisionLike | Sequence[DecisionLike]]
"""What humans decide in every query, or a list for each query of a runtime; never both in one list."""

Steps = Sequence[ScriptStep | Sequence[ScriptStep]]
"""What is said in every query, or a list for each query of a runtime; never both in one list.

Not a union of the two lists: of `[Says("..."), "..."]` mypy would then make a `list[object]`, which is neither.
"""

Script = Steps | Mapping[str, Steps]
"""What models say: the steps of whoever asks, or those of each agent by name."""


@dataclass(frozen=True, slots=True)
class TestingConfig:
    """Answers for every question a run may ask; no key and no network is needed.

    Raises:
        SpecError: listing everything that is wrong with the configuration.

    Example:
        >>> TestingConfig(mock_response="hello").mock_response
        'hello'
    """

    __test__: ClassVar[bool] = False

    mock_response: str | None = None
    """What every model call is answered with."""
    script: Script | None = None
    """What model calls are answered with, each step once and in order.

    A flat list starts anew with each query of a runtime; of a list of lists, the n-th query takes the n-th.
    """
    decisions: Decisions | None = None
    """What approvals are answered with, in the order in which they are required; nested as scripts are."""
    seed: int | None = None
    """Draws the schedule, the ids and the numbers, and names the runs: with one, two processes tell the same bytes."""
    faults: Troubles | Sequence[Troubles | None] | None = None
    """What goes wrong, by position, tool, model or effect, each once; a list is for each query of a runtime.

    A fault that strikes nothing is an error of the run, as a step that nobody uses is.
    """
    deltas: bool = False
    """Whether readers are shown what models say and think word by word too; what lasts is the same."""

    def __post_init__(self) -> None:
        """Check and normalise what is given."""
        faults = Faults("`TestingConfig`")
        if self.mock_response is not None and self.script is not None:
            faults.add("`mock_response` and `script` both answer the models", hint="give one of them")
        if self.mock_response is not None and not _is_text(self.mock_response):
            faults.add("`mock_response` is not a text", hint="use `script=` for anything else")
        if self.seed is not None and type(self.seed) is not int:
            faults.add(f"`seed` is {self.seed!r}", hint="give a whole number")
        _check_script(self.script, faults)
        check_troubles(self.faults, faults)
        if self.decisions is not None:
            object.__setattr__(self, "decisions", _read_decisions(self.decisions, faults))
        faults.raise_if_any()

    @property
    def turns(self) -> dict[str | None, tuple[Turn, ...]]:
        """The script of the first query as whole answers, by agent; under `None` what any agent may take."""
        return self.turns_of(1)

    def turns_of(self, query: int) -> dict[str | None, tuple[Turn, ...]]:
        """Return the script of the n-th query of a runtime, counted from 1."""
        return {agent: _turns(steps, query) for agent, steps in _by_agent(self.script).items()}

    def decisions_of(self, query: int) -> tuple[Decision, ...] | None:
        """Return the decisions of the n-th query of a runtime, counted from 1."""
        if self.decisions is None:
            return None
        return tuple(map(to_decision, _of_query(self.decisions, query)))

    def faults_of(self, query: int) -> Troubles | None:
        """Return what goes wrong in the n-th query of a runtime, counted from 1."""
        if self.faults is None or isinstance(self.faults, Mapping):
            return self.faults
        return self.faults[query - 1] if query <= len(self.faults) else None


def _by_agent(script: Script | None) -> Mapping[str | None, Steps]:
    if isinstance(script, Mapping):
        return cast("Mapping[str | None, Steps]", script)
    return {} if script is None else {None: script}


def _turns(steps: Steps, query: int) -> tuple[Turn, ...]:
    said: Sequence[ScriptStep] = _of_query(steps, query)
    return tuple(map(turn_of, said))


def _of_query(written: Sequence[T | Sequence[T]], query: int) -> Sequence[T]:
    if _is_for_each_query(written):
        return cast("Sequence[T]", written[query - 1]) if query <= len(written) else ()
    return cast("Sequence[T]", written)


def _is_for_each_query(written: Sequence[object]) -> TypeGuard[Sequence[Sequence[object]]]:
    return bool(written) and all(map(_is_list, written))


def _read_decisions(written: Decisions, faults: Faults) -> tuple[object, ...]:
    if _is_for_each_query(written):
        return tuple(_read_decisions(cast("Decisions", each), faults) for each in written)
    return tuple(faults.attempt(partial(to_decision, each)) for each in written)


def _check_script(script: Script | None, faults: Faults) -> None:
    for agent, steps in _by_agent(script).items():
        where = "`script`" if agent is None else f"`script[{agent!r}]`"
        if not _is_list(steps):
            faults.add(f"{where} is not a list of steps", hint='write `[Says("...")]`')
        elif _is_for_each_query(steps):
            for query, each in enumerate(steps):
                _check_steps(each, f"{where[:-1]}[{query}]`", faults)
        else:
            _check_steps(steps, where, faults)


def _check_steps(steps: Sequence[object], where: str, faults: Faults) -> None:
    for each in steps:
        if not isinstance(each, Step | Turn | str):
            faults.add(f"`{each!r}` in {where} is not a step", hint='for example `Calls("find", query="red")`')


def _is_list(steps: object) -> bool:
    return isinstance(steps, Sequence) and not isinstance(steps, str)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
