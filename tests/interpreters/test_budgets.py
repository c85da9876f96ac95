"""Budgets of programs: the call that would exceed one is refused before it is made."""

import asyncio
import math
from typing import Any

import pytest

from flowai import CallModel, CallTool, Clock, Do, Models, Sleep, Tools, catch, ensure, gather, program, pure, timeout
from flowai.errors import LimitReached, ModelFailed, SpecError, TimedOut
from flowai.events import Event
from flowai.interpreters import Budget, Eval, Live, Price, Run, Test
from flowai.specs.script import Says, Usage
from flowai.specs.tool import define_tool

MODEL = "claude-haiku-4-5"
PRICES = {"own": Price(input_per_mtok=1, output_per_mtok=10)}
PLACED: list[int] = []


@define_tool(access="write_idempotent")
def place(units: int) -> int:
    """Place an order."""
    PLACED.append(units)
    return units


def says(tokens: int, *, read: int = 0, **options: Any) -> Any:
    return Says("yes", usage=Usage(input_tokens=read, output_tokens=tokens), **options)


@program
def ask(times: int, model: str = MODEL, settings: Any = None) -> Do[Models, int]:
    for _ in range(times):
        yield from CallModel(model, prompt="well?", settings=settings)
    return times


@program
def ask_at_once(times: int, settings: Any = None) -> Do[Models, int]:
    answers = yield from gather(*[CallModel(MODEL, prompt=f"{each}?", settings=settings) for each in range(times)])
    return len(answers)


@program
def order(times: int) -> Do[Tools, int]:
    for each in range(times):
        yield from CallTool(place, units=each)
    return times


@program
def insist(times: int) -> Do[Models, int]:
    refused = 0
    for _ in range(times):
        try:
            yield from CallModel(MODEL, prompt="well?")
        except LimitReached:
            refused += 1
    return refused


def of(run: Run[Any], kind: str) -> list[Event]:
    return [event for event in run.events if event.happened == kind]


def story(run: Run[Any]) -> list[tuple[object, ...]]:
    return [(event.seq, event.happened, event.position, event.told()) for event in run.events]


def refused(run: Run[Any]) -> LimitReached:
    with pytest.raises(LimitReached) as caught:
        _ = run.value
    return caught.value


def test_a_model_call_too_many_is_refused_before_it_is_made() -> None:
    run = Test(script=["one", "two", "three"], budget=Budget(model_calls=2)).run(ask(3))
    error = refused(run)
    assert (error.limit, error.value, error.scope) == ("model_calls", 2, "run")
    assert len(of(run, "model_called")) == 2
    told: Any = of(run, "limit_reached")
    assert [(each.limit, each.value, each.scope) for each in told] == [("model_calls", 2, "run")]


def test_as_many_calls_as_the_budget_has_are_made() -> None:
    assert Test(script=["one", "two"], budget=Budget(model_calls=2)).run(ask(2)).value == 2


def test_a_tool_call_too_many_does_not_run() -> None:
    PLACED.clear()
    error = refused(Test(budget=Budget(tool_calls=2)).run(order(5)))
    assert (error.limit, error.value) == ("tool_calls", 2)
    assert PLACED == [0, 1]


def test_a_budget_of_nothing_allows_no_call() -> None:
    run = Test(budget=Budget(tool_calls=0)).run(order(1))
    assert refused(run).value == 0
    assert not of(run, "tool_called")


def test_tokens_stop_the_call_after_the_one_that_used_them_up() -> None:
    script = [says(40, read=60), says(40, read=60), says(1)]
    run = Test(script=script, budget=Budget(tokens=150)).run(ask(3))
    assert refused(run).limit == "tokens"
    last: Any = of(run, "usage_updated")[-1]
    assert last.run.input_tokens + last.run.output_tokens == 200
    assert last.model_calls == 2


def test_what_a_call_will_read_is_counted_before_it_is_made() -> None:
    @program
    def read_much() -> Do[Models, str]:
        return (yield from CallModel(MODEL, prompt="word " * 10_000))

    run = Test(script=["never"], budget=Budget(tokens=1_000)).run(read_much())
    assert refused(run).limit == "tokens"
    assert not of(run, "model_called")


def test_a_call_that_fits_its_estimate_is_not_refused() -> None:
    assert Test(script=["fine"], budget=Budget(tokens=10)).run(ask(1)).value == 1


def live(gateway: Any, **budget: Any) -> Any:
    given: Any = Live(budget=Budget(**budget))
    return given.handling(CallModel, gateway)


class Gateway:
    """Answers models at length, and notes how many wait at the same time."""

    def __init__(self, tokens: int, fails: int = 0) -> None:
        self.tokens = tokens
        self.fails = fails
        self.asked = self.waiting = self.at_once = 0

    async def __call__(self, _: object) -> Any:
        self.asked += 1
        self.waiting += 1
        self.at_once = max(self.at_once, self.waiting)
        for _turn in range(5):
            await asyncio.sleep(0)
        self.waiting -= 1
        if self.asked <= self.fails:
            raise ModelFailed("no")
        return {"text": "yes", "usage": {"output_tokens": self.tokens}}

    def run(self, program: Any, **budget: Any) -> Run[Any]:
        """Run a program whose models this answers."""
        run: Run[Any] = live(self, **budget).run(program)
        return run


def test_parallel_calls_do_not_overshoot_together() -> None:
    gateway = Gateway(100)
    run = gateway.run(ask_at_once(20), tokens=250)
    assert refused(run).limit == "tokens"
    spent: Any = of(run, "usage_updated")[-1]
    assert spent.run.output_tokens == 300
    assert gateway.asked == len(of(run, "model_called")) == 3


def test_parallel_calls_that_say_how_long_they_are_go_out_together() -> None:
    gateway = Gateway(100)
    assert gateway.run(ask_at_once(4, {"max_tokens": 200}), tokens=1_000).value == 4
    assert gateway.at_once == 4


def test_calls_that_had_to_wait_are_all_answered() -> None:
    gateway = Gateway(10)
    assert gateway.run(ask_at_once(8), tokens=1_000).value == 8
    assert (gateway.asked, gateway.at_once) == (8, 1)


def test_a_large_budget_lets_calls_go_out_together() -> None:
    gateway = Gateway(10)
    assert gateway.run(ask_at_once(8), tokens=1_000_000).value == 8
    assert gateway.at_once == 8


def test_model_calls_are_counted_before_they_go_out_together() -> None:
    gateway = Gateway(10)
    assert refused(gateway.run(ask_at_once(8), model_calls=5)).limit == "model_calls"
    assert gateway.asked <= 5


def test_failed_calls_give_back_what_was_set_aside() -> None:
    @program
    def careful(each: int) -> Do[Models, str]:
        return (yield from catch(CallModel(MODEL, prompt=str(each)), lambda _: pure("failed"), ModelFailed))

    @program
    def all_of_them() -> Do[Models, list[str]]:
        answers = yield from gather(*[careful(each) for each in range(4)])
        return sorted(answers)

    assert Gateway(10, fails=2).run(all_of_them(), tokens=100).value == ["failed", "failed", "yes", "yes"]


def test_a_cancelled_call_gives_way_to_one_that_waits() -> None:
    async def never(effect: CallModel[Any]) -> Any:
        messages: Any = effect.messages
        if messages[-1]["text"] == "hang":
            await asyncio.Event().wait()
        return {"text": "yes", "usage": {"output_tokens": 1}}

    @program
    def both() -> Do[Models | Clock, str]:
        hanging = catch(timeout(CallModel(MODEL, prompt="hang"), 0.01), lambda _: pure("late"), TimedOut)
        answers = yield from gather(hanging, CallModel(MODEL, prompt="answer"))
        return " ".join(answers)

    run = live(never, tokens=100).run(both())
    assert run.value == "late yes"


def test_a_program_may_catch_the_refusal_and_is_refused_again() -> None:
    run = Test(script=["one"], budget=Budget(model_calls=1)).run(insist(4))
    assert run.value == 3
    assert len(of(run, "limit_reached")) == 3
    assert len(of(run, "model_called")) == 1


def test_cleanups_are_refused_too() -> None:
    @program
    def tidy() -> Do[Tools, int]:
        return (yield from ensure(order(3), CallTool(place, units=99)))

    PLACED.clear()
    refused(Test(budget=Budget(tool_calls=2)).run(tidy()))
    assert PLACED == [0, 1]


def test_time_stops_the_next_call() -> None:
    script = [says(1, delay_ms=4_000) for _ in range(9)]
    run = Test(script=script, budget=Budget(time_s=10)).run(ask(9))
    error = refused(run)
    assert (error.limit, error.value) == ("time_s", 10)
    assert len(of(run, "model_called")) == 3


def test_a_sleep_past_the_end_of_the_time_does_not_begin() -> None:
    @program
    def rest() -> Do[Clock, str]:
        yield from Sleep(4)
        yield from Sleep(3_600)
        return "rested"

    run = Test(budget=Budget(time_s=60)).run(rest())
    assert refused(run).limit == "time_s"
    assert run.events[-1].at - run.events[0].at == 4_000


def test_cost_stops_the_next_call() -> None:
    script = [says(100) for _ in range(9)]
    run = Test(script=script, budget=Budget(cost_usd=0.0025), prices=PRICES).run(ask(9, "own"))
    error = refused(run)
    assert (error.limit, error.value) == ("cost_usd", 0.0025)
    spent: Any = of(run, "usage_updated")[-1]
    assert (spent.model_calls, spent.run.cost_usd) == (3, 0.003)


def test_a_model_without_a_price_is_an_error_before_the_call_where_cost_is_limited() -> None:
    run = Test(script=["never"], budget=Budget(cost_usd=1)).run(ask(1, "nobody-knows-it"))
    with pytest.raises(SpecError, match="no price is known for model `nobody-knows-it`") as caught:
        _ = run.value
    assert "Price(" in str(caught.value.hint)
    assert not of(run, "model_called")


def test_a_model_without_a_price_has_no_cost() -> None:
    run = Test(script=[says(5)]).run(ask(1, "nobody-knows-it"))
    answered: Any = of(run, "model_answered")[0]
    assert answered.usage.output_tokens == 5
    assert answered.usage.cost_usd is None


def test_the_price_of_a_known_model_comes_from_the_list() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    run = Test(script=[Says("yes", usage=usage)]).run(ask(1, MODEL))
    answered: Any = of(run, "model_answered")[0]
    assert answered.usage.cost_usd == pytest.approx(6, rel=0.5)


def test_cached_tokens_cost_what_their_price_says() -> None:
    price = Price(input_per_mtok=10, output_per_mtok=0, cached_per_mtok=1, cache_write_per_mtok=20)
    assert price.cost(
        input_tokens=3_000_000, output_tokens=9, cached_tokens=1_000_000, cache_write_tokens=1_000_000
    ) == pytest.approx(31)


def test_a_replay_decides_as_its_recording_did() -> None:
    first = Gateway(100).run(ask_at_once(20), tokens=250, model_calls=9)
    again = Eval(Live()).replay(first.recording).run(ask_at_once(20))
    assert story(again) == story(first)
    assert refused(again).limit == "tokens"


def test_a_replay_refuses_what_was_refused_and_caught() -> None:
    first = Test(script=["one"], budget=Budget(model_calls=1)).run(insist(3))
    again = Eval(Live()).replay(first.recording).run(insist(3))
    assert again.value == first.value == 2
    assert story(again) == story(first)


def test_a_recording_that_goes_on_counts_what_it_holds() -> None:
    first = Test(script=["one", "two"], budget=Budget(model_calls=3)).run(ask(2))
    longer = Eval(Test(script=["three", "four"], budget=Budget(model_calls=3)))
    run = longer.replay(first.recording.until(4), goes_on=True).run(ask(4))
    assert refused(run).limit == "model_calls"
    assert len(of(run, "model_called")) == 3


def test_eval_keeps_the_budget_of_the_interpreter_inside() -> None:
    assert refused(Eval(Test(script=["one", "two"], budget=Budget(model_calls=1))).run(ask(2))).limit == "model_calls"


async def answer(_: object) -> str:
    return "yes"


def test_a_gateway_of_the_users_own_is_limited_too() -> None:
    assert refused(live(answer, model_calls=2).run(ask(5))).limit == "model_calls"


@pytest.mark.parametrize(
    "limits",
    [{"tokens": -1}, {"tokens": 1.5}, {"cost_usd": "1"}, {"time_s": math.nan}, {"tool_calls": True}, {"time_s": -0.1}],
)
def test_a_limit_that_is_none_is_refused_where_it_is_written(limits: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=next(iter(limits))):
        Budget(**limits)


def test_a_budget_is_only_narrowed() -> None:
    wide, narrow = Budget(tokens=100, time_s=5), Budget(tokens=200, model_calls=3)
    assert wide.narrowed(narrow) == Budget(tokens=100, model_calls=3, time_s=5)
    assert wide.narrowed(None) == wide


def test_what_is_no_budget_and_no_price_is_refused() -> None:
    wrong: Any = {"tokens": 5}
    with pytest.raises(SpecError, match="budget"):
        Test(budget=wrong)
    with pytest.raises(SpecError, match="prices"):
        Live(prices=wrong)
    with pytest.raises(SpecError, match="input_per_mtok"):
        Price(input_per_mtok=-1, output_per_mtok=1)
