"""Row 14: two tenants with equal ids and arguments over every verb; neither sees anything of the other."""

import asyncio
from typing import Any

import pytest

from flowai.errors import SpecError, UnknownApproval
from flowai_harness import (
    Calls,
    Handle,
    Says,
    TestingConfig,
    ToolContext,
    create_runtime,
    define_reference,
    define_tool,
)
from tests.harness.desk import Rows, delete_row, desk, of, until

Notes = define_reference(name="TenantNotes", schema=list[str], ttl_ms=60_000, glimpse=len)


@define_tool(access="read")
async def keep(ctx: ToolContext[Rows], text: str) -> Handle[list[str]]:
    """Keep a note."""
    return await ctx.references.store(Notes, [text])


@define_tool(access="read")
async def fetch(ctx: ToolContext[Rows], handle: str) -> str:
    """Fetch a note."""
    found: list[str] = await ctx.references.load(handle)
    return f"{ctx.tenant}: {found[0]}"


def runtime_of(*queries: list[Any]) -> Any:
    spec = desk(tools=[keep, fetch, delete_row], stateful=True)
    return create_runtime(spec, Rows(), testing=TestingConfig(script={"clerk": list(queries)}))


def test_histories_are_apart() -> None:
    runtime = runtime_of([Says("one")], [Says("two")], [Says("three")])

    async def whole() -> list[int]:
        runs = [await runtime.run_specialist("clerk", "x", thread_id="t", tenant=each) for each in ("a", "b", "a")]
        return [of(run, "model_called")[0].messages for run in runs]

    assert asyncio.run(whole()) == [2, 2, 4]


def test_references_are_apart() -> None:
    kept: list[str] = []

    def remember(seen: Any) -> str:
        kept.append(str(seen.ref("TenantNotes")))
        return kept[0]

    runtime = runtime_of(
        [Calls("keep", text="secret"), Calls("fetch", handle=remember), Says("x")],
        [Calls("fetch", handle=lambda _: kept[0]), Says("x")],
        [Calls("keep", text="secret"), Calls("fetch", handle=lambda _: kept[0]), Says("x")],
    )

    async def whole() -> list[list[str]]:
        runs = [await runtime.run_specialist("clerk", "x", tenant=each) for each in ("a", "b", "b")]
        return [[each.type for each in of(run, "tool_answered", "tool_failed") if each.tool == "fetch"] for run in runs]

    assert asyncio.run(whole()) == [["tool_answered"], ["tool_failed"], ["tool_failed"]]


def test_approvals_threads_and_requests_are_apart() -> None:
    runtime = runtime_of(*[[Calls("delete_row", row=1), Says("x")]] * 2)

    async def whole() -> None:
        runs = {
            each: runtime.run_specialist("clerk", "x", thread_id="t", tenant=each, request_id="r")
            for each in ("a", "b")
        }
        assert runs["a"] is not runs["b"]
        for run in runs.values():
            await until(run, "run_paused")
        [mine] = runtime.pending_approvals(tenant="a")
        [other] = runtime.pending_approvals(tenant="b")
        assert mine.approval_id != other.approval_id
        assert mine.digest != other.digest
        assert runtime.pending_approvals() == []
        for tenant in ("b", None):
            with pytest.raises(UnknownApproval):
                await runtime.respond_to_approval(mine.approval_id, "approve", principal="eve", tenant=tenant)
        await runtime.respond_to_approval(mine.approval_id, "approve", principal="ana", tenant="a")
        await runtime.respond_to_approval(other.approval_id, "reject", principal="ana", tenant="b")
        for run in runs.values():
            await run
        assert {each.tenant for tenant in ("a", "b") for each in runs[tenant].events} == {"a", "b"}

    asyncio.run(whole())
    assert runtime.services.done == ["deleted 1"]


def test_identity_is_never_an_argument() -> None:
    runtime = runtime_of([Calls("fetch", handle="TenantNotes:x", tenant="a"), Says("x")])

    async def whole() -> Any:
        return await runtime.run_specialist("clerk", "x", tenant="b")

    assert of(asyncio.run(whole()), "tool_called") == []


@pytest.mark.parametrize("named", ["", " a", "a\n", 7], ids=repr)
def test_a_tenant_that_could_be_none_falls_to_nobodys_data(named: Any) -> None:
    runtime = runtime_of([Says("one")])

    async def query() -> Any:
        return runtime.run_specialist("clerk", "x", thread_id="t", tenant=named)

    for verb in (
        lambda: asyncio.run(query()),
        lambda: runtime.pending_approvals(tenant=named),
        lambda: runtime.respond_here("approval_1", "approve", principal="ana", tenant=named),
        lambda: runtime.plan("plan_1", tenant=named),
    ):
        with pytest.raises(SpecError, match="`tenant`"):
            verb()
