"""What every scorer has in common: it reads one run and gives one score."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flowai.errors import SpecError
from flowai.evals.score import Score

if TYPE_CHECKING:
    from typing import Self

    from flowai.evals.case import RawSampleOutput, TestCase
    from flowai.interpreters.interpreter import Interpreter

ADDRESS = re.compile(" at 0x[0-9a-fA-F]+")
"""Where functions and objects are in memory, as they print it."""


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """Reads what a run did and what its case expects.

    `scorer * 2` counts twice. A scorer that cannot say anything gives a missing score, never 0.
    """

    weight: float = 1.0
    is_gate: bool = False
    """Whether the sample is worth nothing where this score is not 1."""

    def __post_init__(self) -> None:
        """Refuse a weight with which no mean could be had."""
        if isinstance(self.weight, bool) or not (math.isfinite(self.weight) and self.weight > 0):
            hint = "give a number above 0"
            raise SpecError(f"a scorer cannot be weighed {self.weight!r}", where=type(self).__name__, hint=hint)

    @property
    def settings_told(self) -> str:
        """The scorer with all its settings, the same in every process."""
        return ADDRESS.sub("", repr(self))

    @property
    def name(self) -> str:
        """What the score is called in reports."""
        return type(self).__name__.lower()

    def score(self, case: TestCase, output: RawSampleOutput) -> Score:
        """Score one run."""
        raise NotImplementedError

    async def ascore(self, case: TestCase, output: RawSampleOutput, judge: Interpreter[Any] | None) -> Score:  # noqa: ARG002 — only judges ask somebody
        """Score one run; what has to be asked of a model is asked of `judge`."""
        return self.score(case, output)

    def __mul__(self, factor: float) -> Self:
        """Return the same scorer with another weight.

        Raises:
            SpecError: the factor is no number above 0.
        """
        if isinstance(factor, bool) or not (math.isfinite(factor) and factor > 0):
            raise SpecError(f"a scorer cannot be weighed {factor!r}", hint="multiply with a number above 0")
        return replace(self, weight=self.weight * factor)

    __rmul__ = __mul__

    def given(self, value: float | None, reason: str = "", **more: Any) -> Score:
        """Return a score of this scorer."""
        return Score(self.name, value, self.weight, reason, is_gate=self.is_gate, **more)

    def nothing(self, reason: str) -> Score:
        """Return a score that could not be had."""
        return self.given(None, f"missing: {reason}")
