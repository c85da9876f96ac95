"""Dispatchers: which function performs which action."""

import asyncio
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from flowai.errors import SpecError
from flowai.specs.context import ToolContext
from flowai.specs.define_agent import define_executor
from flowai.specs.dispatcher import ActionDispatcher
from flowai.specs.plan import Plan, define_plan
from flowai.specs.tagged_union import TaggedUnion


class Shop(BaseModel):
    prices: dict[str, float]


class OldPrice(BaseModel):
    price: float


class PriceChange(BaseModel):
    kind: str = "price_change"
    product_id: str
    new_price: float


class PromotionLaunch(BaseModel):
    kind: str = "promotion_launch"
    discount_pct: float


class Scenario(BaseModel):
    actions: list[Annotated[PriceChange | PromotionLaunch, TaggedUnion]]


plan = define_plan("Scenario", Scenario)


def restore_price(action: PriceChange, done: OldPrice, ctx: ToolContext[Shop]) -> None:
    ctx.services.prices[action.product_id] = done.price


def filled() -> ActionDispatcher[Scenario]:
    actions = ActionDispatcher(plan)

    @actions.on(PriceChange, access="write_once", undo=restore_price)
    async def change_price(action: PriceChange, ctx: ToolContext[Shop]) -> OldPrice:  # pyright: ignore[reportUnusedFunction]
        old = ctx.services.prices[action.product_id]
        ctx.services.prices[action.product_id] = action.new_price
        return OldPrice(price=old)

    @actions.on(PromotionLaunch, access="write_idempotent", approval="always")
    def launch(action: PromotionLaunch) -> float:  # pyright: ignore[reportUnusedFunction]
        return action.discount_pct

    return actions


def test_an_interpreter_calls_with_the_context_first_and_the_action_by_name() -> None:
    actions, shop = filled(), Shop(prices={"p1": 10.0})
    ctx = ToolContext(services=shop)
    entry = actions.entry("price_change")
    action = {"kind": "price_change", "product_id": "p1", "new_price": 9.5}
    result = asyncio.run(entry.tool.function(ctx, **entry.tool.decode_arguments(entry.arguments(action))))
    assert (result, shop.prices) == (OldPrice(price=10.0), {"p1": 9.5})
    assert entry.tool.takes_context
    assert entry.tool.is_async
    assert entry.undo is not None
    undone = entry.undo_arguments(action, entry.tool.encode_result(result))
    entry.undo.function(ctx, **entry.undo.decode_arguments(undone))
    assert shop.prices == {"p1": 10.0}


def test_a_test_calls_the_function_as_it_was_written() -> None:
    ctx = ToolContext(services=Shop(prices={"p1": 10.0}))
    tool = filled().entry("price_change").tool
    assert asyncio.run(tool(PriceChange(product_id="p1", new_price=1), ctx)) == OldPrice(price=10.0)


def test_the_json_has_an_entry_for_each_kind() -> None:
    written = filled().to_json()
    assert {kind: entry["tool"]["name"] for kind, entry in written.items()} == {
        "price_change": "change_price",
        "promotion_launch": "launch",
    }
    assert written["price_change"]["undo"]["name"] == "restore_price"
    assert written["promotion_launch"]["undo"] is None
    assert written["promotion_launch"]["tool"]["approval"] == "always"


def test_what_is_missing_is_named() -> None:
    actions = ActionDispatcher(plan)
    assert actions.missing() == ("price_change", "promotion_launch")
    with pytest.raises(SpecError, match="has no function for `price_change`"):
        executor(actions)
    assert filled().missing() == ()


def test_a_dispatcher_is_closed_once_an_executor_has_it() -> None:
    actions = filled()
    spec = executor(actions).to_json()
    assert set(spec["dispatcher"]) == {"price_change", "promotion_launch"}
    with pytest.raises(SpecError, match="comes after `ops` was defined"):
        actions.on(PriceChange)


def test_a_dispatcher_of_another_plan_is_refused() -> None:
    other = define_plan("Other", Scenario)
    with pytest.raises(SpecError, match="performs another plan"):
        executor(filled(), other)


class Stranger(BaseModel):
    kind: str = "stranger"


def test_functions_that_do_not_take_the_action_are_refused() -> None:
    actions: ActionDispatcher[Any] = ActionDispatcher(plan)
    wrong: Any = actions.on(PriceChange)
    with pytest.raises(SpecError, match="does not take the action `PriceChange`"):
        wrong(_takes_another)
    with pytest.raises(SpecError, match="the plan has no action `Stranger`"):
        actions.on(Stranger)
    with pytest.raises(SpecError, match="has a function already"):
        filled().on(PriceChange)


def test_a_plan_without_actions_has_no_dispatcher() -> None:
    class Notes(BaseModel):
        notes: list[str]

    with pytest.raises(SpecError, match="the plan has no actions"):
        ActionDispatcher(define_plan("Notes", Notes))


def _takes_another(action: PromotionLaunch) -> None:
    del action


def executor(actions: ActionDispatcher[Any], of: Plan[Any] = plan) -> Any:
    return define_executor(name="ops", model="claude-sonnet-4-6", prompt="Act.", plan=of, dispatcher=actions)
