"""The metrics of what is over: tokens and durations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flowai.observe.words import INPUT_TOKENS, OUTPUT_TOKENS, TOKEN_TYPE

TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
"""The boundaries that the conventions advise for tokens."""
SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""The boundaries that the conventions advise for durations."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A span that ended, as metrics see it."""

    duration_s: float
    """How long it took."""
    attributes: dict[str, Any]
    """What tells series apart: operation, provider, model, tool, agent, error."""
    usage: dict[str, int] = field(default_factory=dict[str, int])
    """Tokens, for a call of a model."""


class Measures:
    """Two histograms."""

    def __init__(self, meter: Any) -> None:
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Tokens that a call of a model read and wrote",
            explicit_bucket_boundaries_advisory=TOKENS,
        )
        self._seconds = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="How long an operation took",
            explicit_bucket_boundaries_advisory=SECONDS,
        )

    def note(self, closed: Closed) -> None:
        """Note one operation that is over."""
        self._seconds.record(closed.duration_s, closed.attributes)
        for kind, name in (("input", INPUT_TOKENS), ("output", OUTPUT_TOKENS)):
            if name in closed.usage:
                self._tokens.record(closed.usage[name], {**closed.attributes, TOKEN_TYPE: kind})
