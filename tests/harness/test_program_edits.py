"""Edits of a program's own subject are checked by its type before anyone is told that they count."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from flowai import AwaitApproval, Do, program
from flowai.effects import Approvals
from flowai.errors import ApprovalError
from flowai.interpreters import Run
from flowai_harness import Approve, Runtime
from tests.harness.desk import clerk_runtime, of, until


@dataclass(frozen=True)
class Order:
    sku: str
    units: int


@program
def ordering() -> Do[Approvals, Order]:
    return (yield from AwaitApproval("Order", Order("A-1", 3)))


def waiting(runtime: Runtime) -> str:
    [approval] = runtime.pending_approvals()
    return approval.approval_id


async def answered(edits: Mapping[str, Any], then: Any = "approve") -> tuple[Run[Any], str]:
    runtime = clerk_runtime()
    run = runtime.run_program(ordering())
    await until(run, "run_paused")
    refused = ""
    try:
        await runtime.respond_to_approval(waiting(runtime), Approve(edits=edits, reason="too many"), principal="ana")
    except ApprovalError as error:
        refused = str(error)
        await runtime.respond_to_approval(waiting(runtime), then, principal="ana")
    await run
    return run, refused


@pytest.mark.parametrize(
    ("edits", "said"),
    [({"units": "many"}, "integer"), ({"unit": 4}, "there is no field `unit` to edit"), ({"units": None}, "integer")],
    ids=["another type", "misspelt", "nothing"],
)
def test_edits_that_do_not_fit_the_type_decide_nothing(edits: Mapping[str, Any], said: str) -> None:
    run, refused = asyncio.run(answered(edits))
    assert said in refused
    assert "nothing was decided" in refused
    assert run.output == Order("A-1", 3)


def test_edits_that_fit_are_what_the_program_receives_and_their_reason_is_kept() -> None:
    run, refused = asyncio.run(answered({"units": 2}))
    assert (refused, run.output) == ("", Order("A-1", 2))
    [resolved] = of(run, "approval_resolved")
    assert (resolved.decision, resolved.edited, resolved.reason) == ("approved", True, "too many")
