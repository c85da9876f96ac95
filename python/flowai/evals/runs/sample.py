"""One sample: a case, what one run of it did, and how well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import FlowaiError
from flowai.evals.score import Score, ScoredSample, number, scored

if TYPE_CHECKING:
    from flowai.evals.case import RawSampleOutput, TestCase
    from flowai.evals.scorer import Scorer
    from flowai.interpreters.interpreter import Interpreter
    from flowai.interpreters.recording import Recording


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a sample has no score."""

    kind: str
    """The name of the error's class."""
    message: str
    hint: str | None = None

    @classmethod
    def of(cls, error: BaseException) -> Cause:
        """Return the cause that an exception is."""
        message = error.message if isinstance(error, FlowaiError) else str(error)
        return cls(type(error).__name__, message, getattr(error, "hint", None))

    def __str__(self) -> str:
        """Say what went wrong."""
        hint = f" (hint: {self.hint})" if self.hint else ""
        return f"{self.kind}: {self.message}{hint}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a case: its scores, or the cause of there being none."""

    case_id: str
    repeat: int
    """Which repeat of the case, from 1."""
    scored: ScoredSample | None
    error: Cause | None = None
    output: RawSampleOutput | None = None
    run_id: str | None = None
    tags: tuple[str, ...] = ()
    recording: Recording | None = None
    """What the run was asked and answered, where a store keeps the results."""

    @property
    def aggregate(self) -> float | None:
        """The aggregate of its scores; nothing where there is an error."""
        return None if self.scored is None else self.scored.aggregate

    def value(self, score: str) -> float | None:
        """Return one score by name, or `aggregate`."""
        if self.scored is None or score == "aggregate":
            return self.aggregate
        return next((each.value for each in self.scored.scores if each.name == score), None)

    def __str__(self) -> str:
        """Write the sample as a person would."""
        if self.error is not None:
            return f"{self.case_id}: error: {self.error}"
        return str(self.scored) if self.scored is not None else f"{self.case_id}: {number(None)}"


async def score_with(
    scorers: Sequence[Scorer], case: TestCase, output: RawSampleOutput, judge: Interpreter[Any] | None
) -> ScoredSample:
    """Score an output with every scorer; a scorer that raises gives a missing score with its cause."""
    return scored(case.id, tuple([await _score(scorer, case, output, judge) for scorer in scorers]))


async def _score(scorer: Scorer, case: TestCase, output: RawSampleOutput, judge: Interpreter[Any] | None) -> Score:
    try:
        found: Any = await scorer.ascore(case, output, judge)
    except Exception as error:  # noqa: BLE001 — a scorer of the user's may raise anything, and that is no 0
        return scorer.nothing(str(Cause.of(error)))
    if not isinstance(cast("object", found), Score):
        return scorer.nothing(f"the scorer returned {found!r}, and no score; write `return self.given(0.5)`")
    if found.value is not None and not math.isfinite(found.value):
        return scorer.nothing(f"the score is {found.value}")
    score: Score = found
    return score
