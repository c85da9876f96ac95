"""Prices of the list that others maintain: the same as the list itself tells, and quicker."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flowai import CallModel
from flowai.interpreters import Test
from flowai.specs.script import Says

genai_prices: Any = pytest.importorskip("genai_prices")
snapshots: Any = pytest.importorskip("genai_prices.data_snapshot")
types: Any = pytest.importorskip("genai_prices.types")

MODELS = ["claude-sonnet-4-5", "gpt-5", "gpt-4o", "gemini-2.5-pro", "deepseek-chat", "mistral-large-latest"]
USAGES = [(0, 0, 0, 0), (10, 1, 10, 0), (1_000, 100, 0, 0), (150_000, 9, 100_000, 20), (250_000, 7, 9, 200_000)]


def cost(model: str, read: int = 1_000_000, written: int = 0, cached: int = 0, cache_write: int = 0) -> float | None:
    usage: Any = {"input_tokens": read, "output_tokens": written, "cached_tokens": cached}
    usage["cache_write_tokens"] = cache_write
    run = Test(script=[Says("yes", usage=usage)]).run(CallModel(model, prompt="well?"))
    return next(each.usage.cost_usd for each in run.events if each.type == "model_answered")


@contextmanager
def listing(prices: Any) -> Generator[None]:
    """Put a list with one model in the place of the package's own."""
    match = types.ClauseEquals(equals="own-model")
    model = types.ModelInfo(id="own-model", match=match, prices=prices)
    provider = types.Provider(id="own", name="Own", api_pattern="own", model_match=match, models=[model])
    snapshots.set_custom_snapshot(snapshots.DataSnapshot(providers=[provider], from_auto_update=False))
    try:
        yield
    finally:
        snapshots.set_custom_snapshot(None)


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_costs_what_the_list_itself_says(model: str) -> None:
    for read, written, cached, cache_write in USAGES:
        names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
        usage = genai_prices.Usage(**dict(zip(names, (read, written, cached, cache_write), strict=True)))
        listed = float(genai_prices.calc_price(usage, model).total_price)
        found = cost(model, read, written, cached, cache_write)
        assert (found or 0) == pytest.approx(listed, abs=1e-6), (model, read)


def test_an_updated_list_is_asked_anew() -> None:
    for each in (1, 2):
        with listing(types.ModelPrice(input_mtok=Decimal(each))):
            assert cost("own-model") == each
    assert cost("own-model") is None


def test_a_long_conversation_costs_the_price_of_its_step() -> None:
    steps = types.TieredPrices(base=Decimal(1), tiers=[types.Tier(start=200_000, price=Decimal(2))])
    with listing(types.ModelPrice(input_mtok=steps)):
        assert (cost("own-model", 200_000), cost("own-model", 300_000)) == (0.2, 0.6)


def test_a_price_holds_in_its_hours_only() -> None:
    now = datetime.now(tz=UTC)
    day = (time(tzinfo=UTC), time(23, 59, 59, 999_999, tzinfo=UTC))
    never = types.StartDateConstraint(start_date=(now + timedelta(days=400)).date())
    always = types.TimeOfDateConstraint(start_time=day[0], end_time=day[1])
    for constraint, expected in ((never, 1), (always, 3)):
        usual = types.ConditionalPrice(prices=types.ModelPrice(input_mtok=Decimal(1)))
        other = types.ConditionalPrice(constraint=constraint, prices=types.ModelPrice(input_mtok=Decimal(3)))
        with listing([usual, other]):
            assert cost("own-model") == expected


def test_a_tag_behind_a_colon_is_part_of_the_models_name() -> None:
    assert cost("anthropic:claude-sonnet-4-5:v1") == cost("claude-sonnet-4-5")


def test_a_provider_may_have_its_other_name() -> None:
    assert cost("claude:claude-sonnet-4-5") == cost("claude-sonnet-4-5")
    assert cost("gemini:gemini-2.5-pro") == cost("google:gemini-2.5-pro") == cost("gemini-2.5-pro")
