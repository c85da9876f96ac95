"""How a runtime is answered in a test: what its models say and what its humans decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, cast

from flowai.specs.decision import Approve, Decision, DecisionLike, Reject, to_decision
from flowai.specs.faults import Faults
from flowai.specs.script import Fails, ScriptStep, Step, Turn, turn_of

__all__ = ["Approve", "Decision", "Reject", "TestingConfig", "to_decision"]

Script = Sequence[ScriptStep] | Mapping[str, Sequence[ScriptStep]]
"""What models say: one list for all agents, or a list for each by name."""


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
    """What model calls are answered with, each step once and in order."""
    decisions: Sequence[DecisionLike] | None = None
    """What approvals are answered with, in the order in which they are required."""
    seed: int = 0
    """Draws the schedule, the ids and the numbers."""
    faults: Mapping[str, Sequence[Fails]] | None = None
    """Failures by name of tool or model: the first calls fail with them, in order."""

    def __post_init__(self) -> None:
        """Check and normalise what is given."""
        faults = Faults("`TestingConfig`")
        if self.mock_response is not None and self.script is not None:
            faults.add("`mock_response` and `script` both answer the models", hint="give one of them")
        if self.mock_response is not None and not _is_text(self.mock_response):
            faults.add("`mock_response` is not a text", hint="use `script=` for anything else")
        if type(self.seed) is not int:
            faults.add(f"`seed` is {self.seed!r}", hint="give a whole number")
        _check_script(self.script, faults)
        decisions = [faults.attempt(partial(to_decision, each)) for each in self.decisions or ()]
        faults.raise_if_any()
        if self.decisions is not None:
            object.__setattr__(self, "decisions", tuple(decisions))

    @property
    def turns(self) -> dict[str | None, tuple[Turn, ...]]:
        """The script as whole answers, by agent; under `None` what any agent may take."""
        return {agent: tuple(turn_of(each) for each in steps) for agent, steps in _by_agent(self.script).items()}


def _by_agent(script: Script | None) -> Mapping[str | None, Sequence[ScriptStep]]:
    if isinstance(script, Mapping):
        return cast("Mapping[str | None, Sequence[ScriptStep]]", script)
    return {} if script is None else {None: script}


def _check_script(script: Script | None, faults: Faults) -> None:
    for agent, steps in _by_agent(script).items():
        where = "`script`" if agent is None else f"`script[{agent!r}]`"
        if not _is_list(steps):
            faults.add(f"{where} is not a list of steps", hint='write `[Says("...")]`')
            continue
        for each in cast("Sequence[object]", steps):
            if not isinstance(each, Step | Turn | str):
                faults.add(f"`{each!r}` in {where} is not a step", hint='for example `Calls("find", query="red")`')


def _is_list(steps: object) -> bool:
    return isinstance(steps, Sequence) and not isinstance(steps, str)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
