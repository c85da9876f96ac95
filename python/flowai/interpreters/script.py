"""The script of one run as the native test interpreter reads it."""

from __future__ import annotations

import os
import secrets
from functools import cache
from typing import TYPE_CHECKING, Any

from flowai.errors import ProgramError
from flowai.specs.trouble import troubles_json

if TYPE_CHECKING:
    from flowai.specs.script import Turn
    from flowai.specs.testing import TestingConfig

STARTS_AT = 946_684_800_000
"""Where the virtual clock begins: midnight of 1 January 2000, UTC, in milliseconds."""


class Script:
    """What a testing configuration says about one query: what is ready, and what depends on what was seen."""

    def __init__(self, testing: TestingConfig, query: int = 1) -> None:
        self.testing = testing
        self.query = query
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
        """Return the settings of a run that follows the script."""
        testing = self.testing
        seed = (testing.seed or 0) % 2**64
        return {
            "interpreter": "test",
            "run_id": self._run_id(),
            "seed": seed,
            "turns": self.ready,
            "mock": testing.mock_response,
            "deltas": testing.deltas,
            "decisions": None if self.decisions is None else [each.to_json() for each in self.decisions],
            "troubles": troubles_json(testing.faults_of(self.query)),
            "entropy": [seed, 1, 2, 3],
            "starts_at": STARTS_AT,
        }

    def _run_id(self) -> str:
        seed = self.testing.seed
        return f"run-{_drawn_in(os.getpid()) if seed is None else f'seed{seed}'}-{self.query}"


@cache
def _drawn_in(_process: int) -> str:
    """Return a word that no other process has.

    Real tools run under a test, and the idempotency keys they see begin with the name of the run: a key of
    yesterday's test must not look like today's. Within a process the same test is the same run, to the byte.
    """
    return secrets.token_hex(6)
