"""What a check of a whole store finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing in the store that is not what was written."""

    key: str
    """Which: its kind, its tenant and its id, each quoted."""
    fault: str
    """What is wrong with it; of a journal with the first record that is missing or another one."""
