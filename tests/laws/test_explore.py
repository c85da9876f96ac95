"""Exploring a runtime of one's own: everything goes wrong at every effect, and invariants hold or break."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowai.errors import SpecError
from flowai.evals import MaxToolCalls, NoWriteWithoutDecision
from flowai.interpreters import Test
from flowai.interpreters.seen_events import settled
from flowai.laws import InvariantBroken, Trial, agent_scripts, arguments_of, decisions, explore, faults
from flowai_harness import Calls, Says, TestingConfig, create_runtime, define_runtime, define_specialist, define_tenant
from tests.evals import shop

SCRIPT = TestingConfig(script=[*shop.script(), Says("never said")][:3])


def test_every_effect_is_tried_in_every_way() -> None:
    found = explore(shop.runtime(), "Order", agent="clerk", testing=SCRIPT, invariants=[NoWriteWithoutDecision()])
    whats = [trial.what for trial in found.trials]
    # Three models, two tools and an approval, four ways each; the approval is rejected too.
    assert len(whats) == 1 + 6 * 4 + 1
    assert {what.partition(" at ")[0] for what in whats} == {
        "nothing",
        "a crash before",
        "a crash after",
        "a timeout",
        "a refusal",
        "a rejection",
    }
    assert str(found).startswith("26 runs, every invariant held")


def test_an_invariant_that_breaks_gives_the_shortest_script_to_paste() -> None:
    def nothing_is_ordered(trial: Trial) -> str | None:
        ordered = [event for event in trial.events if event["type"] == "tool_called" and event["tool"] == "order"]
        return "there was an order" if ordered else None

    with pytest.raises(InvariantBroken) as caught:
        explore(shop.runtime(), "Order", agent="clerk", testing=SCRIPT, invariants=[nothing_is_ordered])
    assert str(caught.value).splitlines() == [
        "an invariant is broken by nothing: nothing_is_ordered: there was an order",
        "",
        "testing = TestingConfig(",
        "    script=[Calls('order', sku='red-1', units=3)],",
        "    decisions=[Approve()],",
        ")",
        "create_runtime(spec, services, testing=testing).blocking.run_specialist('clerk', 'Order')",
    ]


def test_a_missing_gate_is_found() -> None:
    """The same shop with a tool that asks nobody: the rule that no write goes undecided breaks at once."""
    from flowai_harness import define_tool

    @define_tool(access="write_once")
    def pay(units: int) -> str:
        """Pay."""
        return f"paid {units}"

    clerk = define_specialist(name="clerk", model="m", prompt="Serve.", tools=[pay])
    spec = define_runtime(tenant=define_tenant("shop", "v1"), agents=[clerk])
    runtime = create_runtime(spec, interpreter=Test(script=[Calls("pay", units=1), Says("done")]))
    with pytest.raises(InvariantBroken, match="`pay` wrote without a decision"):
        explore(runtime, "Pay", agent="clerk", invariants=[NoWriteWithoutDecision()])


def test_services_are_made_anew_for_each_run() -> None:
    made: list[object] = []

    def services() -> object:
        made.append(object())
        return made[-1]

    testing = TestingConfig(script=[Says("hi")])
    found = explore(shop.runtime(), "Hi", agent="clerk", testing=testing, invariants=[], services=services)
    assert [trial.services for trial in found.trials] == made


def test_a_case_that_fails_by_itself_is_no_case() -> None:
    with pytest.raises(SpecError, match="the case fails when nothing goes wrong"):
        explore(shop.runtime(), "Hi", agent="clerk", testing=TestingConfig(script=[]), invariants=[])


async def ended(runtime: Any) -> Any:
    run = runtime.ask("clerk", "Go")
    await settled(run)
    return run


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_strategies_over_a_runtime_draw_what_runs(data: st.DataObject) -> None:
    runtime = shop.runtime()
    script: Any = data.draw(agent_scripts(runtime, "clerk"))
    decided, troubles = data.draw(decisions()), data.draw(faults(runtime))
    given_ = data.draw(arguments_of(shop.order))
    assert set(given_) == {"sku", "units"}
    under = runtime.under(Test(script=script, decisions=decided, faults=troubles))
    run = asyncio.run(ended(under))
    kinds = [event.model_dump() for event in run.events]
    assert NoWriteWithoutDecision().broken_by(kinds) is None
    assert MaxToolCalls(most=6).broken_by(kinds) is None


def test_an_invariant_may_be_written_as_an_assertion() -> None:
    def ends_well(trial: Trial) -> None:
        assert trial.error is None, "it does not end well"

    with pytest.raises(InvariantBroken, match=r"ends_well: it does not end well(.|\n)*TestingConfig"):
        explore(shop.runtime(), "Order", agent="clerk", testing=SCRIPT, invariants=[ends_well])


def test_the_shortest_script_breaks_the_invariant_that_is_named() -> None:
    def nothing_is_ordered(trial: Trial) -> str | None:
        ordered = [event for event in trial.events if event["type"] == "tool_called" and event["tool"] == "order"]
        return "there was an order" if ordered else None

    def ends_well(trial: Trial) -> bool:
        return trial.error is None

    # A script that ends early breaks the second one; it says nothing of the first.
    invariants = [ends_well, nothing_is_ordered]
    with pytest.raises(InvariantBroken) as caught:
        explore(shop.runtime(), "Order", agent="clerk", testing=SCRIPT, invariants=invariants)
    assert "broken by nothing: nothing_is_ordered: there was an order" in str(caught.value)
    assert "script=[Calls('order', sku='red-1', units=3)]," in str(caught.value)


@pytest.mark.parametrize("invariants", [NoWriteWithoutDecision(), [NoWriteWithoutDecision], len, [3], "ends_well"])
def test_what_is_no_list_of_invariants_is_refused(invariants: Any) -> None:
    with pytest.raises(SpecError, match="`invariants` is") as caught:
        explore(shop.runtime(), "Hi", agent="clerk", testing=SCRIPT, invariants=invariants)
    assert "invariants=[NoWriteWithoutDecision()" in str(caught.value.hint)


def test_a_script_that_was_made_too_short_breaks_nothing_by_that() -> None:
    def survives_its_last_crash(trial: Trial) -> bool:
        return trial.error is None or trial.what != "a crash before at 0.0.4 (CallModel)"

    with pytest.raises(InvariantBroken) as caught:
        explore(shop.runtime(), "Order", agent="clerk", testing=SCRIPT, invariants=[survives_its_last_crash])
    # With a step less the crash would not be reached, and the run fail since its script runs out.
    assert "script=[Calls('find', query='red'), Calls('order', sku='red-1', units=3)]," in str(caught.value)
    assert "decisions=[Approve()]," in str(caught.value)


def test_an_invariant_that_raises_does_not_hold_and_says_in_which_run() -> None:
    def has_two_orders(trial: Trial) -> bool:
        return bool([event for event in trial.events if event["type"] == "tool_called"][5])

    with pytest.raises(InvariantBroken, match=r"has_two_orders: it raised IndexError: list index(.|\n)*TestingConfig"):
        explore(shop.runtime(), "Order", agent="clerk", testing=SCRIPT, invariants=[has_two_orders])
