"""Changed programs: one that asks something else than its journal has stops, says where, and loses nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from flowai import AwaitApproval, CallModel, CallTool, Do, Models, Tools, gather, program, pure
from flowai.effects.families import Approvals
from flowai.errors import ProgramError, ReplayMismatch, ValueNotJson
from flowai_harness import Runtime
from tests.durable import shop
from tests.durable.shop import Deeds, asking, bare, left, look, put, send

Asking = Do[Models | Tools | Approvals, str]
Check = Callable[[Deeds, Runtime, str], Awaitable[None]]


@program
def looks_elsewhere(row: int) -> Asking:
    """Look at another row."""
    yield from CallModel("m", prompt="x")
    yield from CallTool(look, row=row + 1)
    yield from AwaitApproval("sure?", subject=row)
    return "never"


@program
def puts(row: int) -> Asking:
    """Put where it looked before."""
    yield from CallModel("m", prompt="x")
    yield from CallTool(put, row=row)
    yield from AwaitApproval("sure?", subject=row)
    return "never"


@program
def asks_no_human(row: int) -> Asking:
    """Do without the approval."""
    yield from CallModel("m", prompt="x")
    yield from CallTool(look, row=row)
    sent = yield from CallTool(send, row=row)
    return sent


@program
def ends_at_once(row: int) -> Asking:
    """Ask less than before."""
    yield from CallModel("m", prompt="x")
    return f"never {row}"


@program
def does_more_before(row: int) -> Asking:
    """Do something before what was done."""
    yield from CallTool(send, row=row)
    yield from CallModel("m", prompt="x")
    return "never"


@program(version="2")
def of_another_version(row: int) -> Asking:
    """Do the same under another version."""
    yield from CallModel("m", prompt="x")
    yield from CallTool(look, row=row)
    return "never"


CHANGED: list[tuple[Any, str, str | None, str | None, list[str]]] = [
    (looks_elsewhere, "1", "CallTool", "CallTool", ["/arguments/arguments/row"]),
    (puts, "1", "CallTool", "CallTool", ["/arguments/tool"]),
    (asks_no_human, "2", "AwaitApproval", "CallTool", ["/effect", "/arguments/tool", "/arguments/subject"]),
    (ends_at_once, "1", "CallTool", None, [""]),
    (does_more_before, "0", "CallModel", "CallTool", ["/effect", "/arguments/model"]),
]


@pytest.mark.parametrize(("changed", "position", "recorded", "asked", "paths"), CHANGED)
def test_a_program_that_asks_something_else_stops_and_says_where(
    storage: str,
    monkeypatch: pytest.MonkeyPatch,
    changed: Any,
    position: str,
    recorded: str | None,
    asked: str | None,
    paths: list[str],
) -> None:
    async def whole(deeds: Deeds, runtime: Runtime, run_id: str) -> None:
        for _ in range(2):
            with pytest.raises(ReplayMismatch, match=f"at position {position} ") as caught:
                await runtime.resume(run_id)
            error: Any = caught.value
            assert (error.position, error.run_id) == (position, run_id)
            assert [each and each["effect"] for each in (error.recorded, error.asked)] == [recorded, asked]
            assert set(paths) <= {each["path"] for each in error.diff}
            assert all(f"  {path or '/'}: " in str(error) for path in paths)
            assert deeds.done == ["look 3"]

    asyncio.run(with_another(storage, monkeypatch, changed, whole))


@pytest.mark.parametrize(
    ("changed", "said"), [(of_another_version, "this is version .2."), (None, "is no such program")]
)
def test_a_program_that_is_another_one_is_not_begun(
    storage: str, monkeypatch: pytest.MonkeyPatch, changed: Any, said: str
) -> None:
    async def whole(deeds: Deeds, runtime: Runtime, run_id: str) -> None:
        for _ in range(3):
            with pytest.raises(ReplayMismatch, match=said):
                runtime.resume(run_id)
            assert runtime.shelf.is_free("acme", run_id)
            assert [each.status for each in runtime.runs()] == ["paused"]
            assert deeds.done == ["look 3"]

    asyncio.run(with_another(storage, monkeypatch, changed, whole))


async def with_another(storage: str, monkeypatch: pytest.MonkeyPatch, changed: Any, check: Check) -> None:
    """Leave a run, check what another program makes of it, answer under that one, and finish under the first."""
    deeds = Deeds()
    first, second = (bare(storage, deeds, "said") for _ in range(2))
    run = first.run_program(asking(3), thread_id="t")
    approval = await left(first, run, second)
    with monkeypatch.context() as patched:
        patched.setattr(shop, "asking", changed)
        await check(deeds, second, run.run_id)
        # The answer is for whoever can go on with the run.
        await second.respond_to_approval(approval, "approve", principal="ana")
        assert deeds.done == ["look 3"]
    assert (await second.resume(run.run_id)).output == "said: sent 3"
    assert deeds.done == ["look 3", "send 3"]


@program
def of_bytes(given: Any) -> Do[Models, str]:
    """Take what JSON does not give back."""
    said = yield from CallModel("m", prompt=str(given))
    return said


def test_what_no_other_process_could_begin_is_refused_at_the_start(storage: str) -> None:
    runtime = bare(storage, Deeds(), "said")

    @program
    def inside() -> Do[Models, str]:
        said = yield from CallModel("m", prompt="x")
        return said

    for refused in (inside(), gather(inside(), pure(1)), pure(1).map(str)):
        with pytest.raises(ProgramError, match="cannot be"):
            runtime.run_program(refused)
    given: list[Any] = [b"x", {1}, (1, 2), object(), float("nan"), {1: 2}, [Deeds()]]
    for each in given:
        with pytest.raises(ValueNotJson, match="JSON does not give back"):
            runtime.run_program(of_bytes(each))
    assert runtime.runs() == []
