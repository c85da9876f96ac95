"""A run that is watched to its end; its approvals are answered by the case, or the case fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowai.errors import ApprovalError, FlowaiError

if TYPE_CHECKING:
    from flowai.evals.case import TestCase
    from flowai.interpreters.run import Run

HINT = "add a decision to the case's `decisions`"


async def attended(run: Run[Any], case: TestCase, *, is_virtual: bool) -> tuple[Run[Any], BaseException | None]:
    """Wait for the end of a run; return it with what ended it before its time, if something did."""
    from flowai.interpreters.seen_events import finished, settled

    if is_virtual:
        # The script answers approvals itself, unless a fault keeps it from that.
        has_faults = case.testing is not None and case.testing.faults is not None
        return run, await (settled(run) if has_faults else finished(run))
    unanswered = await _answered(run, case)
    error = await finished(run)
    return run, unanswered or error


async def _answered(run: Run[Any], case: TestCase) -> FlowaiError | None:
    """Answer each approval with the next decision of the case."""
    from flowai.interpreters.seen_events import respond

    decisions = iter((case.testing.decisions_of(1) if case.testing else None) or ())
    unanswered: FlowaiError | None = None
    async for event in run:
        if event.type != "approval_required" or unanswered is not None:
            continue
        decision = next(decisions, None)
        if decision is None:
            unanswered = ApprovalError(f'nobody answers the approval "{event.title}"', hint=HINT)
            run.cancel("the case has no decision for it")
            continue
        respond(run, event.approval_id, decision)
    return unanswered
