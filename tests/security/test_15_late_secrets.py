"""Row 15: a run that began before a secret was known goes on where it is, and tells it no more."""

import asyncio
from pathlib import Path
from typing import Any

from flowai import AwaitApproval, CallTool, Do, Tools, program
from flowai.effects.families import Approvals
from flowai.interpreters import Test
from flowai.specs.secret import Secret
from flowai_harness import create_runtime, define_tool
from tests.durable.shop import Deeds, left
from tests.harness.desk import desk, of

LATE = "canary-late-secret-1"


@define_tool(access="read")
def say(text: str) -> int:
    """Say a text, and how long it is."""
    return len(text)


@program
def sending(about: str) -> Do[Tools | Approvals, str]:
    """Write what it is about, ask a human, and say it."""
    read = yield from CallTool(say, text=about)
    yield from AwaitApproval("sure?", subject=read)
    return f"{about}: {read}"


def test_a_program_goes_on(tmp_path: Path) -> None:
    def runtime() -> Any:
        return create_runtime(desk(), Deeds(), interpreter=Test(), storage=f"sqlite:///{tmp_path / 'runs.db'}")

    async def whole() -> Any:
        first, second = runtime(), runtime()
        run = first.run_program(sending(f"use {LATE}"), thread_id="t")
        approval = await left(first, run, second)
        Secret(LATE).reveal()
        await second.respond_to_approval(approval, "approve", principal="ana")
        return await second.resume(run.run_id)

    run = asyncio.run(whole())
    # The program's own value is the caller's; what is told of it is not.
    assert run.output == f"use {LATE}: {len(f'use {LATE}')}"
    assert [LATE in each.model_dump_json() for each in of(run, "run_finished")] == [False]
    assert "use [key]" in run.recording.to_json()
