"""Virtual time while a human outside is asked: it stands still, unless the script says what takes time."""

import asyncio
from typing import Any

import pytest

from flowai import Approvals, AwaitApproval, Do, Sleep, gather, program, timeout
from flowai.errors import ApprovalExpired, TimedOut
from flowai.interpreters import Delays, Hangs
from flowai_harness import Runtime, TestingConfig, create_runtime
from tests.harness.desk import desk, of


async def over(run: Any) -> Any:
    async for _ in run:
        pass
    return run


@program
def asking() -> Do[Approvals, str]:
    """Ask a human about a word."""
    return (yield from AwaitApproval("may I?", subject="please"))


def waiting(**testing: Any) -> Runtime:
    return create_runtime(desk(), testing=TestingConfig(script=[], **testing))


def answered(runtime: Runtime, asked: Any) -> Any:
    """Run a program, and approve what it asks as soon as the run waits for nobody else."""

    async def whole() -> Any:
        run = runtime.run_program(asked)
        async for event in run:
            if event.type == "run_paused":
                for approval_id in event.approvals:
                    await runtime.respond_to_approval(approval_id, "approve", principal="ana")
        return run

    return asyncio.run(whole())


def test_a_time_limit_does_not_run_out_while_a_human_is_asked() -> None:
    run = answered(waiting(), timeout(asking(), seconds=1))
    assert run.value == "please"
    assert run.events[-1].at == run.events[0].at


def test_a_sleep_beside_a_question_goes_on_after_the_answer() -> None:
    run = answered(waiting(), gather(asking(), Sleep(3_600)))
    assert run.value[0] == "please"
    [resolved] = of(run, "approval_resolved")
    assert resolved.at == run.events[0].at
    assert run.events[-1].at - resolved.at == 3_600_000


def test_a_week_of_sleep_does_not_let_a_question_expire() -> None:
    run = answered(waiting(), gather(asking(), Sleep(30 * 86_400)))
    assert of(run, "approval_expired") == []
    assert run.value[0] == "please"


def test_a_time_limit_runs_out_where_the_script_says_that_nobody_answers() -> None:
    run = answered(waiting(faults={"AwaitApproval": Hangs()}), timeout(asking(), seconds=60))
    with pytest.raises(TimedOut):
        _ = run.value
    assert run.events[-1].at - run.events[0].at == 60_000


def test_a_question_expires_where_the_script_lets_that_time_pass() -> None:
    run = asyncio.run(over(waiting(faults={"AwaitApproval": Delays(30 * 86_400_000)}).run_program(asking())))
    with pytest.raises(ApprovalExpired):
        _ = run.value
    [required], [expired] = of(run, "approval_required"), of(run, "approval_expired")
    assert expired.at == required.expires_at
