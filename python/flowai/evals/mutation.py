"""What a case would catch: its own run, spoilt in four ways, must no longer score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flowai.evals.marks import Anything, holds_marks
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
        steps = spoil(list(output.steps or ()), case)
        if steps is None:
            found.append(Mutation(name, None))
            continue
        spoilt = score_sample(case, replace(output, actual_trajectory=steps), scorers=scorers).aggregate
        found.append(Mutation(name, spoilt is not None and spoilt < whole))
    return tuple(found)


def _missing(steps: Steps, _case: TestCase) -> Steps | None:
    return steps[:-1] if steps else None


def _extra(steps: Steps, _case: TestCase) -> Steps | None:
    return [*steps, ToolCall("a_call_that_nobody_expects", {})]


def _reordered(steps: Steps, case: TestCase) -> Steps | None:
    """Swap the first neighbours that the case tells apart, or else the first that differ."""
    wanted = _beside(steps, case)
    places = [place for place in range(len(steps) - 1) if steps[place] != steps[place + 1]]
    for place in sorted(places, key=lambda each: wanted[each] == wanted[each + 1]):
        return [*steps[:place], steps[place + 1], steps[place], *steps[place + 2 :]]
    return None


def _changed(steps: Steps, case: TestCase) -> Steps | None:
    """Change the first argument that the case knows, or else the first; a mark would let any other pass."""
    wanted = _beside(steps, case)
    places = [(place, name) for place, step in enumerate(steps) for name in step.arguments or {}]

    def is_marked(at: tuple[int, str]) -> bool:
        return holds_marks((wanted[at[0]].arguments or {}).get(at[1], Anything()))

    for place, name in sorted(places, key=is_marked):
        arguments = dict(steps[place].arguments or {})
        arguments[name] = _other(arguments[name])
        return [*steps[:place], replace(steps[place], arguments=arguments), *steps[place + 1 :]]
    return None


def _beside(steps: Steps, case: TestCase) -> Sequence[ToolCall]:
    """Return what the case expects of each step, where it expects as many."""
    expected = case.expected_trajectory or ()
    return expected if len(expected) == len(steps) else steps


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    # Far enough away for any tolerance, and another number also where one more would be lost in rounding.
    return abs(value) * 2 + 1 if isinstance(value, int | float) else "something else"


_WAYS: dict[str, Callable[[Steps, TestCase], Steps | None]] = {
    "a missing call": _missing,
    "an extra call": _extra,
    "reordered calls": _reordered,
    "a changed argument": _changed,
}
