"""Prices: what the answers of models cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowai.specs.price import Price, checked_prices

if TYPE_CHECKING:
    from collections.abc import Callable

Prices = Mapping[str, Price]
"""What models cost, by the names under which they are asked."""

ALIASES = {"gemini": "google"}
"""Providers whom the list knows by another name."""


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
            usd = _listed(model, read, written, cached, cache_write)
        else:
            usd = price.cost(
                input_tokens=read, output_tokens=written, cached_tokens=cached, cache_write_tokens=cache_write
            )
        # A float is a hair off now and then: a millionth is not charged for it.
        return None if usd is None else math.ceil(round(usd * 1_000_000, 3))

    return cost


def _listed(model: str, read: int, written: int, cached: int, cache_write: int) -> float | None:
    try:
        genai_prices: Any = import_module("genai_prices")
    except ImportError:
        return None
    provider, _, name = model.rpartition(":")
    provider = ALIASES.get(provider, provider)
    usage = genai_prices.Usage(
        input_tokens=read,
        output_tokens=written,
        cache_read_tokens=min(cached, read),
        cache_write_tokens=min(cache_write, max(0, read - cached)),
    )
    # `provider:model` names a route; a tag such as `llama3:8b` is part of the name.
    for asked in ({"model_ref": name, "provider_id": provider or None}, {"model_ref": model}):
        try:
            found = genai_prices.calc_price(usage, **asked)
        except (LookupError, ValueError):
            continue
        return float(found.total_price)
    return None
