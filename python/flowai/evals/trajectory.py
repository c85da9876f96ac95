"""Scorers of what was called and what was planned: the one matcher with settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from flowai.evals.alignment import NAMES_ONLY, Alignment
from flowai.evals.pairing import Pairing
from flowai.evals.scorer import Scorer
from flowai.evals.settings import check_settings
from flowai.evals.toolcall import ToolCall

if TYPE_CHECKING:
    from flowai.evals.case import RawSampleOutput, TestCase
    from flowai.evals.score import Score
    from flowai.interpreters.scoring import Matcher

Predicate = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
"""Whether the arguments of a call will do: asked with the expected ones and the actual ones."""


@dataclass(frozen=True, kw_only=True)
class Matching(Scorer):
    """The settings of the matcher."""

    order: Literal["sequence", "any", "partial"] = "sequence"
    """As the case has them, in any order, or as far as the case's `before` says."""
    extra: Literal["forbid", "allow"] | Sequence[str] = "forbid"
    """Whether calls that nobody expected count against the run; a list names the tools that do not."""
    missing: Literal["forbid", "allow"] = "forbid"
    """Whether expected calls that did not come count against it."""
    args: Literal["exact", "subset", "superset", "ignore", "share"] = "exact"
    """`superset`: the run gives the expected arguments and maybe more; `subset`: no others, and maybe fewer."""
    ignore: Sequence[str] = ()
    """Paths in arguments that are not compared, as `filters.*.at`."""
    only: Sequence[str] | None = None
    """The only paths that are compared."""
    relative: float = 0.0
    """How far numbers may differ, as a share of the expected one."""
    absolute: float = 0.0
    """How far numbers may differ, as a number; the wider of the two holds."""
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """By tool, what stands for an argument that is not given."""
    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """By tool, an `args`, `ignore`, `only`, `relative` or `absolute` of its own."""
    predicates: Mapping[str, Predicate] = field(default_factory=dict[str, Predicate])
    """By tool, a function that says whether the arguments will do."""
    value: Literal["bool", "precision", "recall", "f1", "lcs_f1", "edit"] = "f1"
    name_credit: float = NAMES_ONLY
    """What a call of the right tool with wrong arguments is worth, where the value is a share."""

    def __post_init__(self) -> None:
        """Refuse what could never be scored by."""
        super().__post_init__()
        check_settings(self)

    def settings(self) -> dict[str, Any]:
        """Return the settings as Rust reads them."""
        named = {*self.tools, *self.defaults}
        return {
            "order": self.order,
            "extra": self.extra if isinstance(self.extra, str) else list(self.extra),
            "missing": self.missing,
            "value": self.value,
            "name_credit": self.name_credit,
            "tools": {tool: self._rule(self.tools.get(tool, {}), self.defaults.get(tool, {})) for tool in named},
            **self._rule({}, {}),
        }

    def _rule(self, own: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        only = own.get("only", self.only)
        tolerance = {name: own.get(name, getattr(self, name)) for name in ("relative", "absolute")}
        return {
            "args": own.get("args", self.args),
            "ignore": list(own.get("ignore", self.ignore)),
            "only": None if only is None else list(only),
            "tolerance": tolerance,
            "defaults": dict(defaults),
        }

    @cached_property
    def matcher(self) -> Matcher:
        """The matcher with these settings."""
        from flowai.interpreters.scoring import Matcher

        return Matcher(self.settings())

    def matched(
        self,
        expected: tuple[ToolCall, ...],
        actual: tuple[ToolCall, ...],
        before: Sequence[tuple[int, int]] = (),
    ) -> Score:
        """Return the score of two trajectories, with the alignment behind it."""
        pairing = Pairing.of(expected, actual, self.predicates)
        if pairing is None and not before:
            value, rows = self.matcher.align(expected, actual)
        else:
            pairing = pairing or Pairing(expected)
            value, rows = self.matcher.align(pairing.expected, actual, list(before), pairing.judged, pairing.holds)
        alignment = Alignment(expected, actual, tuple(rows))
        raised = pairing.raised if pairing is not None else []
        return self.given(value, "; ".join([alignment.told(), *raised]) if raised else "", alignment=alignment)


@dataclass(frozen=True, kw_only=True)
class Trajectory(Matching):
    """Compares the tools that were called with those that were expected.

    Example:
        >>> from flowai.evals import RawSampleOutput, define_test_case, score_sample
        >>> case = define_test_case("any", "Plan it", expected_trajectory=["find", "plan"])
        >>> output = RawSampleOutput(actual_trajectory=["plan", "find"])
        >>> score_sample(case, output, scorers=[Trajectory(order="any")]).aggregate
        1.0
    """

    count: Literal["successful", "all"] = "successful"
    """Whether calls that failed are compared too."""

    def score(self, case: TestCase, output: RawSampleOutput) -> Score:
        """Score the trajectory."""
        expected, actual = case.expected_trajectory, output.steps
        if expected is None:
            return self.nothing("the case expects no trajectory")
        if actual is None:
            return self.nothing("the output has no trajectory")
        if self.count == "successful" and any(step.failed for step in actual):
            actual = tuple([step for step in actual if not step.failed])
        return self.matched(expected, actual, case.before)


@dataclass(frozen=True, kw_only=True)
class Actions(Matching):
    """Compares the actions of a plan with those that were expected: the kind as a tool, the rest as its arguments.

    Example:
        >>> from flowai.evals import RawSampleOutput, define_test_case, score_sample
        >>> case = define_test_case("plan", "Plan it", expected_actions=[{"kind": "order", "sku": "A-1"}])
        >>> output = RawSampleOutput(actual_actions=[{"kind": "order", "sku": "A-1", "quantity": 3}])
        >>> score_sample(case, output, scorers=[Actions(args="superset")]).aggregate
        1.0
    """

    kind: str = "kind"
    """The field that says what an action is."""

    def score(self, case: TestCase, output: RawSampleOutput) -> Score:
        """Score the actions."""
        if case.expected_actions is None:
            return self.nothing("the case expects no actions")
        if output.actual_actions is None:
            return self.nothing("the output has no actions")
        return self.matched(self._calls(case.expected_actions), self._calls(output.actual_actions))

    def _calls(self, actions: Sequence[Any]) -> tuple[ToolCall, ...]:
        return tuple(self._call(each) for each in actions)

    def _call(self, action: Any) -> ToolCall:
        fields: dict[str, Any] = dict(action.model_dump(mode="json") if hasattr(action, "model_dump") else action)
        return ToolCall(str(fields.pop(self.kind, "action")), fields)
