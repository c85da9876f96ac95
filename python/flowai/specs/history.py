"""How much of a thread an agent is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict, cast, get_args

from flowai.specs.faults import refuse
from flowai.specs.numbers import is_whole_and_positive

Measure = Literal["turns", "tokens", "summarised"]


class TurnsKept(TypedDict):
    """Show the last so many turns."""

    turns: int


class TokensKept(TypedDict):
    """Show the last so many tokens, whole turns only."""

    tokens: int


class TurnsSummarised(TypedDict):
    """Show at most so many turns word by word, and a summary of what is older.

    When a thread has more turns, all but the newest half of so many are summarised by the agent's own
    model before it is asked anything; the summary stays with the thread, and the next one is made when
    there are too many turns again. Where a summary fails, the last so many turns are shown and the event
    `history_shortened` says why. In a script it is one more call of that agent's model, at the beginning
    of the query that makes it.
    """

    summarised: int


HistoryLike = TurnsKept | TokensKept | TurnsSummarised | Literal["summarised"]
"""`"summarised"` alone shows at most 20 turns word by word."""

TURNS_SUMMARISED = 20
"""How many turns are shown word by word where a summary is wanted and no number is given."""


@dataclass(frozen=True, slots=True)
class History:
    """One bound on what an agent is shown of its thread; a call stays with its answer.

    Example:
        >>> to_history({"turns": 20}).to_json()
        {'turns': 20}
    """

    measure: Measure
    kept: int

    def to_json(self) -> dict[str, int]:
        """Return the JSON form that the core reads."""
        return {self.measure: self.kept}


def to_history(written: object, where: str = "history") -> History:
    """Read what a user wrote.

    Raises:
        SpecError: it is not exactly one bound above zero.
    """
    if isinstance(written, History):
        return written
    if written == "summarised":
        return History("summarised", TURNS_SUMMARISED)
    if isinstance(written, Mapping) and len(cast("Mapping[str, object]", written)) == 1:
        measure, kept = next(iter(cast("Mapping[str, object]", written).items()))
        if measure in get_args(Measure) and is_whole_and_positive(kept):
            return History(cast("Measure", measure), cast("int", kept))
    hint = 'write {"turns": 20}, {"tokens": 8000} or {"summarised": 20}'
    raise refuse(where, f"`history` is {written!r}", hint=hint)
