"""What is expected of a run, and what a run did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import SpecError
from flowai.evals.depth import DEPTH_MAX, is_too_deep
from flowai.evals.toolcall import Step, ToolCall, to_steps

if TYPE_CHECKING:
    from flowai.specs.testing import TestingConfig

__all__ = ["RawSampleOutput", "Step", "TestCase", "ToolCall", "define_test_case", "to_steps"]


@dataclass(frozen=True, slots=True)
class TestCase:
    """A question and what a good run of it looks like."""

    __test__ = False

    id: str
    prompt: str
    expected_trajectory: tuple[ToolCall, ...] | None = None
    expected_actions: tuple[Any, ...] | None = None
    expected_response: Any = None
    tags: tuple[str, ...] = ()
    before: tuple[tuple[int, int], ...] = ()
    """Which expected step comes before which, by their places; what `order="partial"` keeps."""
    agent: str | None = None
    """The specialist that is asked, in place of the coordinator."""
    testing: TestingConfig | None = None
    """What models say and humans decide in this case, under `test`; the decisions count under `live` too."""
    recording: str | None = None
    """The file of a recorded run that answers this case, under `replay`."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else is known of the case; scorers and reports may read it."""


@dataclass(frozen=True, slots=True)
class RawSampleOutput:
    """What a run did, as far as it was watched.

    Example:
        >>> RawSampleOutput(actual_trajectory=["find"]).steps
        (ToolCall(name='find', arguments=None, failed=False),)
    """

    actual_trajectory: Sequence[Step] | None = None
    actual_actions: Sequence[Any] | None = None
    actual_response: Any = None
    events: Sequence[Mapping[str, Any]] | None = None
    """Everything that happened, in JSON types; what gates look at."""
    steps: tuple[ToolCall, ...] | None = field(init=False, repr=False, compare=False, default=None)
    """The trajectory, each step as a `ToolCall`."""

    def __post_init__(self) -> None:
        """Read the trajectory."""
        object.__setattr__(self, "steps", to_steps(self.actual_trajectory, "`actual_trajectory`"))


def define_test_case(  # noqa: PLR0913 — all that may be known of a case, by name
    id: str,  # noqa: A002 — the announced name
    prompt: str,
    *,
    expected_trajectory: Sequence[Step] | None = None,
    expected_actions: Sequence[Any] | None = None,
    expected_response: Any = None,
    tags: Sequence[str] = (),
    before: Sequence[tuple[int, int]] = (),
    agent: str | None = None,
    testing: TestingConfig | None = None,
    recording: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> TestCase:
    """Define what is expected of a run.

    Args:
        id: what the case is called in every report.
        prompt: the question.
        expected_trajectory: the tools a good run calls, in order.
        expected_actions: the actions of a good plan, as models or mappings.
        expected_response: the answer of a good run.
        tags: words to choose cases by.
        before: pairs of places in the trajectory, the first before the second, for `order="partial"`.
        agent: the specialist to ask; the coordinator where none is named.
        testing: what models say and humans decide in this case.
        recording: the file of a recorded run that answers it.
        metadata: anything else that is known of it.

    Raises:
        SpecError: the id is empty, a step or an action is none, a value is nested too deep, or `before` goes round or
            names a step that is not there.

    Example:
        >>> define_test_case("basic", "Plan it", expected_trajectory=["plan", "explain"]).id
        'basic'
    """
    if not _is_text(id):
        raise SpecError("`id` is empty", where="test case", hint="give each case a name of its own")
    _check(id, prompt=prompt, tags=tags, actions=expected_actions)
    steps = to_steps(expected_trajectory, f"test case `{id}`: `expected_trajectory`")
    _check_depth(
        id,
        expected_trajectory=[step.arguments for step in steps or ()],
        expected_actions=expected_actions,
        expected_response=expected_response,
        metadata=metadata,
    )
    pairs = tuple(_pair(each, len(steps or ()), id) for each in before)
    if _is_round(pairs):
        message, hint = "`before` goes round: a step would have to come before itself", "leave one of the pairs out"
        raise SpecError(message, where=f"test case `{id}`", hint=hint)
    return TestCase(
        id=id,
        prompt=prompt,
        expected_trajectory=steps,
        expected_actions=None if expected_actions is None else tuple(expected_actions),
        expected_response=expected_response,
        tags=tuple(tags),
        before=pairs,
        agent=agent,
        testing=testing,
        recording=recording,
        metadata=dict(metadata or {}),
    )


def _check(case_id: str, *, prompt: object, tags: object, actions: object) -> None:
    where = f"test case `{case_id}`"
    if not isinstance(prompt, str):
        raise SpecError(f"`prompt` is {prompt!r}", where=where, hint="give the question as text")
    if isinstance(tags, str):
        raise SpecError("`tags` is one text", where=where, hint=f'write `tags=["{tags}"]`')
    listed = [actions] if isinstance(actions, str) else actions or ()
    for each in cast("Sequence[object]", listed):
        if not (isinstance(each, Mapping) or hasattr(each, "model_dump")):
            raise SpecError(f"`{each!r}` is no action", where=where, hint='write `[{"kind": "order", "units": 3}]`')


def _check_depth(case_id: str, **fields: object) -> None:
    for name, value in fields.items():
        if is_too_deep(value):
            message, hint = f"`{name}` is nested too deep", f"give at most {DEPTH_MAX - 1} levels"
            raise SpecError(message, where=f"test case `{case_id}`", hint=hint)


def _is_round(pairs: Sequence[tuple[int, int]]) -> bool:
    """Whether some steps each come before another of them."""
    left = set(pairs)
    while left:
        later = {second for _, second in left}
        free = {pair for pair in left if pair[0] not in later}
        if not free:
            return True
        left -= free
    return False


def _pair(written: Any, count: int, case_id: str) -> tuple[int, int]:
    first, second = written if _are_places(written) else (-1, -1)
    if not (0 <= first < count and 0 <= second < count and first != second):
        message = f"`before` has {written!r}, and the trajectory has {count} steps"
        raise SpecError(message, where=f"test case `{case_id}`", hint="write pairs of places, counted from 0")
    return first, second


def _are_places(written: Any) -> bool:
    return isinstance(written, tuple | list) and [type(each) for each in cast("list[object]", written)] == [int, int]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
