"""What an answer costs by the list of the package `genai-prices`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from typing import Any

ALIASES = {"gemini": "google", "claude": "anthropic"}
"""Providers whom the list knows by another name."""

MODELS_MAX = 256
"""Names come from servers too, so not all of them are remembered."""

_seen: list[Any] = [None]


def listed_cost(model: str, read: int, written: int, cached: int, cache_write: int) -> float | None:
    """Return what an answer costs in US dollars, or None where the list has no price.

    A model is looked up once. Its prices are asked each time, because they change with the hour and
    with the length of what was read.

    Example:
        >>> listed_cost("no-such-model", 1_000, 100, 0, 0) is None
        True
    """
    found = _found(model)
    if found is None:
        return None
    prices = found.get_prices(datetime.now(tz=UTC))
    from_cache = min(cached, read)
    to_cache = min(cache_write, read - from_cache)
    each = _rate(prices.input_mtok, read, 0)
    paid = (read - from_cache - to_cache) * each + written * _rate(prices.output_mtok, read, 0)
    paid += from_cache * _rate(prices.cache_read_mtok, read, each)
    paid += to_cache * _rate(prices.cache_write_mtok, read, each)
    return paid / 1_000_000 + _rate(prices.requests_kcount, read, 0) / 1_000


def _rate(price: Any, read: int, absent: float) -> float:
    """Return a price, which may rise for all tokens once more than so many were read."""
    if price is None:
        return absent
    tiers = getattr(price, "tiers", None)
    if tiers is None:
        return float(price)
    return float(next((tier.price for tier in reversed(tiers) if read > tier.start), price.base))


def _found(model: str) -> Any:
    try:
        snapshot = import_module("genai_prices.data_snapshot").get_snapshot()
    except ImportError:
        return None
    if snapshot is not _seen[0]:
        # The list was updated: what was found in the old one may cost something else.
        _looked_up.cache_clear()
        _seen[0] = snapshot
    return _looked_up(model)


@lru_cache(maxsize=MODELS_MAX)
def _looked_up(model: str) -> Any:
    # `provider:model` names a route; a tag such as `llama3:8b` is part of the name.
    provider, colon, name = model.partition(":")
    asked: list[tuple[str, str | None]] = [(model, None)]
    if colon:
        asked.insert(0, (name, ALIASES.get(provider, provider)))
    for reference, by in asked:
        try:
            return _seen[0].find_provider_model(reference, None, by, None)[1]
        except (LookupError, ValueError):
            continue
    return None
