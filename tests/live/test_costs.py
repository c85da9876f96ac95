"""What a live call costs: the model that answered counts, a call that failed counts, and a budget looks at them all."""

from typing import Any

import pytest

from flowai import CallModel, Do, Models, program
from flowai.errors import LimitReached, ModelFailed, SpecError
from flowai.interpreters import Budget, Live, Price
from tests.live.server import Asked, Reply, Server, serving

BUSY = Reply(status=529, error={"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
PRICES = {
    "claude-x": Price(input_per_mtok=1, output_per_mtok=1),
    "house:dear": Price(input_per_mtok=1000, output_per_mtok=1000),
}
FALLBACK = {"fallback": ["house:dear"], "max_retries": 0}


def busy_or_not(asked: Asked) -> Reply:
    return BUSY if asked.path == "/v1/messages" else Reply("hello")


def live(server: Server, **options: Any) -> Live[Any]:
    house = {"api": "openai-chat", "baseUrl": f"{server.url}/v1"}
    providers: Any = {"anthropic": {"baseUrl": server.url}, "house": house}
    given: Any = {"prices": PRICES, **options}
    return Live(providers=providers, **given)


def test_the_answer_of_a_fallback_costs_what_its_model_costs() -> None:
    with serving(busy_or_not) as server:
        run = live(server).run(CallModel("claude-x", "hello", settings=FALLBACK)).wait()
    [answered] = [event for event in run.events if event.type == "model_answered"]
    usage = answered.usage
    assert usage.cost_usd == pytest.approx((usage.input_tokens + usage.output_tokens) / 1000)


def test_a_budget_has_to_hold_the_dearest_model_that_may_answer() -> None:
    with serving(busy_or_not) as server:
        run = live(server, budget=Budget(cost_usd=0.0005)).run(CallModel("claude-x", "hello", settings=FALLBACK)).wait()
        assert isinstance(run.result.failure(), LimitReached)
        unpriced = {"fallback": ["house:new"], "max_retries": 0}
        run = live(server, budget=Budget(cost_usd=9)).run(CallModel("claude-x", "hello", settings=unpriced)).wait()
        assert isinstance(run.result.failure(), SpecError)
        assert "house:new" in str(run.result.failure())
    assert server.asked == []


@program
def insist(times: int) -> Do[Models, int]:
    """Ask until the budget says no; tell how often a call failed."""
    for failed in range(times):
        try:
            yield from CallModel("claude-x", "hello", settings={"max_retries": 0})
        except ModelFailed:
            continue
        except LimitReached:
            return failed
    return times


def test_a_call_that_failed_costs_what_it_used() -> None:
    prices = {"claude-x": Price(input_per_mtok=100_000, output_per_mtok=100_000)}
    with serving(lambda _: Reply("a long answer that breaks off", breaks=True)) as server:
        run = live(server, prices=prices, budget=Budget(cost_usd=2.5)).run(insist(9)).wait()
    # Each used 7 or 8 tokens of ten cents before it broke.
    assert run.value == len(server.asked)
    assert 2 <= run.value <= 4
