"""What a case would catch: its own run, spoilt in four ways, must no longer score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flowai.evals.score import score_sample
from flowai.evals.toolcall import ToolCall

if TYPE_CHECKING:
    from flowai.evals.case import RawSampleOutput, TestCase
    from flowai.evals.scorer import Scorer

Steps = list[ToolCall]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way in which a run is spoilt, and whether the case notices."""

    name: str
    is_caught: bool | None
    """Nothing where a run of this shape cannot be spoilt so."""

    def __str__(self) -> str:
        """Say it in a line."""
        told = {True: "caught", False: "NOT caught", None: "cannot happen to this run"}
        return f"{self.name}: {told[self.is_caught]}"


def mutations(case: TestCase, output: RawSampleOutput, scorers: Sequence[Scorer]) -> tuple[Mutation, ...]:
    """Spoil a run that passes in every way and say which the case would catch.

    Example:
        >>> from flowai.evals import RawSampleOutput, Trajectory, define_test_case
        >>> case = define_test_case("a", "x", expected_trajectory=["find", "plan"])
        >>> output = RawSampleOutput(["find", "plan"])
        >>> [str(each) for each in mutations(case, output, [Trajectory(order="any")])][2:]
        ['reordered calls: NOT caught', 'a changed argument: cannot happen to this run']
    """
    whole = score_sample(case, output, scorers=scorers).aggregate or 0.0
    found: list[Mutation] = []
    for name, spoil in _WAYS.items():
        steps = spoil(list(output.steps or ()))
        if steps is None:
            found.append(Mutation(name, None))
            continue
        spoilt = score_sample(case, replace(output, actual_trajectory=steps), scorers=scorers).aggregate
        found.append(Mutation(name, spoilt is not None and spoilt < whole))
    return tuple(found)


def _missing(steps: Steps) -> Steps | None:
    return steps[:-1] if steps else None


def _extra(steps: Steps) -> Steps | None:
    return [*steps, ToolCall("a_call_that_nobody_expects", {})]


def _reordered(steps: Steps) -> Steps | None:
    for place in range(len(steps) - 1):
        if steps[place] != steps[place + 1]:
            return [*steps[:place], steps[place + 1], steps[place], *steps[place + 2 :]]
    return None


def _changed(steps: Steps) -> Steps | None:
    for place, step in enumerate(steps):
        for name, value in (step.arguments or {}).items():
            arguments = {**(step.arguments or {}), name: _other(value)}
            return [*steps[:place], replace(step, arguments=arguments), *steps[place + 1 :]]
    return None


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else "something else"


_WAYS: dict[str, Callable[[Steps], Steps | None]] = {
    "a missing call": _missing,
    "an extra call": _extra,
    "reordered calls": _reordered,
    "a changed argument": _changed,
}
