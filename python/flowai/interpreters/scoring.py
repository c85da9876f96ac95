"""The door to scoring, which runs in Rust."""

from __future__ import annotations

from flowai._bridge import Matcher, check_calls, compare_tables, likeness

__all__ = ["Matcher", "check_calls", "compare_tables", "likeness"]
