"""The script of one run as the native test interpreter reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowai.errors import ProgramError
from flowai.specs.trouble import striking_once

if TYPE_CHECKING:
    from flowai.specs.script import Turn
    from flowai.specs.testing import TestingConfig

STARTS_AT = 946_684_800_000
"""Where the virtual clock begins: midnight of 1 January 2000, UTC, in milliseconds."""


class Script:
    """What a testing configuration says about one query: what is ready, and what depends on what was seen."""

    def __init__(self, testing: TestingConfig, query: int = 1) -> None:
        self.testing = testing
        self.decisions = testing.decisions_of(query)
        self.late: list[Turn] = []
        turns = testing.turns_of(query)
        self.ready = {agent or "": [self._turn(turn) for turn in each] for agent, each in turns.items()}

    def _turn(self, turn: Turn) -> Any:
        try:
            return turn.to_json()
        except ProgramError:
            self.late.append(turn)
            return len(self.late) - 1

    def config(self) -> dict[str, Any]:
        """Return the part of a run's settings that the script gives."""
        testing = self.testing
        return {
            "interpreter": "test",
            "seed": testing.seed % 2**64,
            "turns": self.ready,
            "mock": testing.mock_response,
            "decisions": None if self.decisions is None else [each.to_json() for each in self.decisions],
            "troubles": striking_once(testing.faults),
            "entropy": [testing.seed % 2**64, 1, 2, 3],
            "starts_at": STARTS_AT,
        }
