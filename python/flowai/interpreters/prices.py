"""Prices: what the answers of models cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flowai.interpreters.listed_prices import listed_cost
from flowai.specs.price import Price, checked_prices

if TYPE_CHECKING:
    from collections.abc import Callable

Prices = Mapping[str, Price]
"""What models cost, by the names under which they are asked."""


def cost_of(own: Prices | None = None) -> Callable[[str, int, int, int, int], int | None]:
    """Return what tells the cost of an answer in millionths of a US dollar, rounded up.

    A model without a price of the user's own is looked up in `genai-prices`; one that is unknown
    there too has no price.

    Raises:
        SpecError: What was given are no prices.

    Example:
        >>> cost = cost_of({"my-model": Price(input_per_mtok=1, output_per_mtok=5)})
        >>> cost("my-model", 1_000, 100, 0, 0)
        1500
    """
    prices = checked_prices(own)

    def cost(model: str, read: int, written: int, cached: int, cache_write: int) -> int | None:
        price = prices.get(model)
        if price is None:
            usd = listed_cost(model, read, written, cached, cache_write)
        else:
            usd = price.cost(
                input_tokens=read, output_tokens=written, cached_tokens=cached, cache_write_tokens=cache_write
            )
        # A float is a hair off now and then: a millionth is not charged for it.
        return None if usd is None else math.ceil(round(usd * 1_000_000, 3))

    return cost
