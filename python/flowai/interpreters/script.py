"""Scripts and faults as the native test interpreter reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowai.errors import ProgramError

if TYPE_CHECKING:
    from flowai.specs.script import Turn
    from flowai.specs.testing import TestingConfig


@dataclass(frozen=True, slots=True)
class Hangs:
    """The effect never answers; only a time limit ends it."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"trouble": "hangs"}


@dataclass(frozen=True, slots=True)
class Delays:
    """The effect answers later, in virtual time."""

    delay_ms: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"trouble": "delays", "delay_ms": self.delay_ms}


@dataclass(frozen=True, slots=True)
class Crashes:
    """The run ends as if its process had died: nothing is cleaned up."""

    before: bool = True
    """Whether the effect does not happen any more."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"trouble": "crashes", "before": self.before}


def trouble(written: Any) -> dict[str, Any]:
    """Return a fault in JSON; an exception is a failure of the effect."""
    if isinstance(written, Hangs | Delays | Crashes):
        return written.to_json()
    error = getattr(written, "error", written)
    if isinstance(error, str):
        return {"trouble": "fails", "kind": "EffectFailed", "message": error}
    return {"trouble": "fails", "kind": type(error).__name__, "message": getattr(error, "message", str(error))}


class Script:
    """A testing configuration, split into what is ready and what depends on what was seen."""

    def __init__(self, testing: TestingConfig) -> None:
        self.testing = testing
        self.late: list[Turn] = []
        self.ready = {agent or "": [self._turn(turn) for turn in turns] for agent, turns in testing.turns.items()}

    def _turn(self, turn: Turn) -> Any:
        try:
            return turn.to_json()
        except ProgramError:
            self.late.append(turn)
            return len(self.late) - 1

    def config(self) -> dict[str, Any]:
        """Return the part of a run's settings that the script gives."""
        testing = self.testing
        faults: Mapping[str, Any] = testing.faults or {}
        return {
            "interpreter": "test",
            "seed": testing.seed % 2**64,
            "turns": self.ready,
            "mock": testing.mock_response,
            "decisions": None if testing.decisions is None else [_decision(each) for each in testing.decisions],
            "troubles": {place: trouble(fault) for place, fault in faults.items()},
            "entropy": [testing.seed % 2**64, 1, 2, 3],
            "starts_at": STARTS_AT,
        }


STARTS_AT = 946_684_800_000
"""Where the virtual clock begins: midnight of 1 January 2000, UTC, in milliseconds."""


def _decision(decision: Any) -> dict[str, Any]:
    written: dict[str, Any] = decision.to_json()
    return written
