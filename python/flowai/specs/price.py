"""The price of a model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flowai.errors import SpecError
from flowai.specs.faults import Faults


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What the tokens of a model cost, in US dollars for a million of each.

    Args:
        input_per_mtok: Tokens that the model reads.
        output_per_mtok: Tokens that it writes, thinking included.
        cached_per_mtok: Tokens read from the provider's cache; as other input where None.
        cache_write_per_mtok: Tokens written to that cache; as other input where None.

    Raises:
        SpecError: A price is no number, or is negative.

    Example:
        >>> Price(input_per_mtok=1, output_per_mtok=5).cost(input_tokens=1_000, output_tokens=100)
        0.0015
    """

    input_per_mtok: float
    """Tokens that the model reads."""
    output_per_mtok: float
    """Tokens that it writes."""
    cached_per_mtok: float | None = None
    """Tokens read from the provider's cache."""
    cache_write_per_mtok: float | None = None
    """Tokens written to that cache."""

    def __post_init__(self) -> None:
        faults = Faults("price")
        for name in ("input_per_mtok", "output_per_mtok", "cached_per_mtok", "cache_write_per_mtok"):
            price: object = getattr(self, name)
            if price is None and name.startswith("cache"):
                continue
            if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < math.inf:
                faults.add(f"`{name}` is {price!r}", hint="give US dollars for a million tokens")
        faults.raise_if_any()

    def cost(
        self, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0, cache_write_tokens: int = 0
    ) -> float:
        """Return the cost in US dollars; `input_tokens` counts all that was read, cached or not."""
        cached = self.input_per_mtok if self.cached_per_mtok is None else self.cached_per_mtok
        written = self.input_per_mtok if self.cache_write_per_mtok is None else self.cache_write_per_mtok
        plain = max(0, input_tokens - cached_tokens - cache_write_tokens)
        paid = plain * self.input_per_mtok + cached_tokens * cached + cache_write_tokens * written
        return (paid + output_tokens * self.output_per_mtok) / 1_000_000


def checked_prices(prices: object) -> dict[str, Price]:
    """Return prices that were given, by model.

    Raises:
        SpecError: They are no prices.
    """
    given = cast("object", {}) if prices is None else prices
    hint = 'write `prices={"my-model": Price(input_per_mtok=1, output_per_mtok=5)}`'
    if not isinstance(given, Mapping):
        raise SpecError(f"`prices` is {prices!r}", hint=hint)
    read: dict[str, Price] = {}
    for model, price in cast("Mapping[object, object]", given).items():
        if not isinstance(model, str) or not isinstance(price, Price):
            raise SpecError(f"`prices[{model!r}]` is {price!r}", hint=hint)
        read[model] = price
    return read
