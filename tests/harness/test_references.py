"""References: stored by tools, shown as glimpses, hydrated outside every prompt."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from flowai.errors import GlimpseTooLarge, ReferenceNotFound
from flowai_harness import (
    Calls,
    Handle,
    Ref,
    Says,
    TestingConfig,
    ToolContext,
    create_runtime,
    define_reference,
    define_tool,
)
from tests.harness.desk import Rows, asked, clerk_runtime, desk, of


class ProductSetPayload(BaseModel):
    product_ids: list[str]


ProductSet = define_reference(
    name="HarnessProducts",
    schema=ProductSetPayload,
    ttl_ms=60_000,
    glimpse=lambda value: {"count": len(value.product_ids), "preview": value.product_ids[:1]},
)
Wide = define_reference(name="HarnessWide", schema=list[str], ttl_ms=60_000, glimpse=lambda value: value)


@define_tool(access="read")
async def find(ctx: ToolContext[Rows], query: str, count: int = 3) -> Handle[ProductSetPayload]:
    """Find."""
    ids = [f"{query}-{number}" for number in range(count)]
    return await ctx.references.store(ProductSet, ProductSetPayload(product_ids=ids))


@define_tool(access="read")
def find_sync(ctx: ToolContext[Rows], query: str) -> Handle[ProductSetPayload]:
    """Find."""
    return ctx.references.store_sync(ProductSet, ProductSetPayload(product_ids=[query]))


@define_tool(access="read")
def count(products: Ref[ProductSetPayload]) -> int:
    """Count."""
    return len(products.value.product_ids)


@define_tool(access="read")
async def load(ctx: ToolContext[Rows], handle: str) -> str:
    """Load."""
    value = await ctx.references.load(handle)
    return f"{type(value).__name__} {len(value.product_ids)}"


TOOLS = [find, find_sync, count, load]


def held(so_far: Any) -> Any:
    return so_far.ref("HarnessProducts")


def named(so_far: Any) -> str:
    return str(so_far.ref("HarnessProducts"))


def test_the_model_sees_the_handle_and_the_glimpse_and_never_the_value() -> None:
    run = asked(clerk_runtime(Calls("find", query="red", count=5_000), Says("x"), tools=TOOLS))
    [answered] = of(run, "tool_answered")
    assert answered.result["glimpse"] == {"count": 5_000, "preview": ["red-0"]}
    assert set(answered.result) == {"kind", "id", "glimpse"}
    assert "red-4999" not in str(answered.result)


@pytest.mark.parametrize("handle", [held, named])
def test_a_parameter_is_hydrated_before_the_body_runs(handle: Any) -> None:
    run = asked(clerk_runtime(Calls("find", query="red"), Calls("count", products=handle), Says("x"), tools=TOOLS))
    assert of(run, "tool_answered")[-1].result == 3
    [hydrated] = of(run, "reference_hydrated")
    assert hydrated.kind == "HarnessProducts"


def test_a_handle_is_loaded_in_text_form() -> None:
    run = asked(clerk_runtime(Calls("find_sync", query="a"), Calls("load", handle=named), Says("x"), tools=TOOLS))
    assert of(run, "tool_answered")[-1].result == "ProductSetPayload 1"


@pytest.mark.parametrize("where", ["alone", "inside"])
def test_a_handle_is_written_where_the_annotation_is_open(where: str) -> None:
    @define_tool(access="read")
    def openly(ctx: ToolContext[Rows]) -> Any:
        """Store."""
        handle = ctx.references.store_sync(ProductSet, ProductSetPayload(product_ids=["a"]))
        return handle if where == "alone" else {"rows": [handle, Ref(handle)]}

    run = asked(clerk_runtime(Calls("openly"), Says("x"), tools=[openly]))
    [stored] = of(run, "reference_stored")
    [answered] = of(run, "tool_answered")
    assert stored.id in str(answered.result)


def test_equal_values_share_one_id() -> None:
    calls = [Calls("find", query="a", count=1), Calls("find", query="a", count=1), Calls("find", query="b", count=1)]
    run = asked(clerk_runtime(*calls, Says("x"), tools=TOOLS))
    first, second, other = [each.result["id"] for each in of(run, "tool_answered")]
    assert first == second != other


def test_a_glimpse_that_is_too_large_is_an_error() -> None:
    from flowai import CallTool
    from flowai.interpreters import Test

    @define_tool(access="read")
    def widely(ctx: ToolContext[Any]) -> Handle[list[str]]:
        """Store."""
        return ctx.references.store_sync(Wide, ["x" * 100] * 30)

    with pytest.raises(GlimpseTooLarge, match="HarnessWide"):
        _ = Test().run(CallTool(widely)).value


@pytest.mark.parametrize("handle", ["HarnessProducts:00000000000000000000000000000000", "Nothing:1"])
def test_an_unknown_handle_is_one_typed_error(handle: str) -> None:
    run = asked(clerk_runtime(Calls("count", products=handle), Calls("load", handle=handle), Says("x"), tools=TOOLS))
    assert [each.error.kind for each in of(run, "tool_failed")] == ["ReferenceNotFound"] * 2


def two_queries(second_tenant: str | None, pause_ms: int = 0) -> list[Any]:
    """Store in one query and load in the next; return what the second tool call came to."""
    kept: list[str] = []

    def keep(so_far: Any) -> str:
        kept.append(str(so_far.ref("HarnessProducts")))
        return "a"

    script = {
        "clerk": [
            [Calls("find", query="a"), Calls("find", query=keep), Says("x")],
            [
                Says("one moment", delay_ms=pause_ms) + Calls("find", query="z"),
                Calls("load", handle=lambda _: kept[0]),
                Says("x"),
            ],
        ]
    }
    runtime = create_runtime(desk(tools=TOOLS), Rows(), testing=TestingConfig(script=script))

    async def whole() -> Any:
        await runtime.run_specialist("clerk", "one")
        return await runtime.run_specialist("clerk", "two", tenant=second_tenant)

    run = asyncio.run(whole())
    return [each for each in of(run, "tool_answered", "tool_failed") if each.tool == "load"]


def test_a_handle_lives_on_in_the_next_query() -> None:
    assert [each.type for each in two_queries(None)] == ["tool_answered"]


def test_a_handle_of_another_tenant_means_nothing() -> None:
    [failed] = two_queries("other")
    assert failed.error.kind == "ReferenceNotFound"


def test_an_expired_handle_is_the_same_error() -> None:
    [failed] = two_queries(None, pause_ms=61_000)
    assert failed.error.kind == "ReferenceNotFound"


def test_ids_differ_between_tenants() -> None:
    runtime = create_runtime(
        desk(tools=TOOLS), Rows(), testing=TestingConfig(script={"clerk": [Calls("find", query="a"), Says("x")]})
    )

    async def whole() -> list[str]:
        runs = [await runtime.run_specialist("clerk", "go", tenant=tenant) for tenant in ("one", "two")]
        return [of(run, "reference_stored")[0].id for run in runs]

    assert len(set(asyncio.run(whole()))) == 2


def test_programs_store_and_load_too() -> None:
    from flowai import Do, LoadRef, References, StoreRef, program
    from flowai.interpreters import Test

    @program
    def there_and_back(ids: list[str]) -> Do[References, ProductSetPayload]:
        handle = yield from StoreRef(ProductSet, ProductSetPayload(product_ids=ids))
        return (yield from LoadRef(handle))

    assert Test().run(there_and_back(["a"])).value == ProductSetPayload(product_ids=["a"])
    nothing: Handle[ProductSetPayload] = Handle("HarnessProducts", "0" * 32)
    with pytest.raises(ReferenceNotFound):
        _ = Test().run(LoadRef(nothing)).value
