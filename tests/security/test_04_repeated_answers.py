"""Row 4: replayed, doubled and guessed answers; one compare-and-set."""

import asyncio
import re
import threading
from typing import Any

from flowai import CallModel
from flowai.errors import ApprovalConflict
from flowai.interpreters import Live
from flowai_harness import Calls, Says, TestingConfig, create_runtime
from tests.harness.desk import Rows, clerk_runtime, desk, turned_until, until


def test_fifty_racing_answers_let_out_one_call() -> None:
    rows = Rows()
    runtime = clerk_runtime(Calls("delete_row", row=1), Says("done"), services=rows)
    raised: list[str] = []

    def answer(number: int, approval_id: str, start: threading.Barrier) -> None:
        start.wait()
        try:
            runtime.blocking.respond_to_approval(approval_id, "approve" if number % 2 else "reject", principal="ana")
        except ApprovalConflict as error:
            raised.append(error.message)

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        [pending] = runtime.pending_approvals()
        start = threading.Barrier(50)
        racing = [threading.Thread(target=answer, args=(n, pending.approval_id, start)) for n in range(50)]
        for each in racing:
            each.start()
        await turned_until(lambda: not any(each.is_alive() for each in racing))
        await run

    asyncio.run(asyncio.wait_for(whole(), 30))
    assert len(raised) == 25
    assert rows.done in ([], ["deleted 1"])


def test_ids_cannot_be_guessed() -> None:
    async def drawn() -> set[str]:
        found: set[str] = set()
        for _ in range(20):
            runtime = create_runtime(desk(), Rows(), interpreter=_live())
            run = runtime.run_specialist("clerk", "go", thread_id="t")
            await until(run, "run_paused")
            found.update(each.approval_id for each in runtime.pending_approvals())
            run.cancel()
            async for _ in run:
                pass
        return found

    ids = asyncio.run(drawn())
    assert len(ids) == 20
    assert all(re.fullmatch(r"approval_[0-9a-f]{32}", each) for each in ids)


def _live() -> Any:
    def gateway(_: Any) -> Any:
        return {"text": "", "tool_calls": [{"id": "1", "name": "delete_row", "arguments": {"row": 1}}]}

    live: Any = Live()
    return live.handling(CallModel, gateway)


def test_an_answer_is_used_once() -> None:
    rows = Rows()
    script = {"clerk": [Calls("delete_row", row=1), Calls("delete_row", row=1), Says("done")]}
    runtime = create_runtime(desk(), rows, testing=TestingConfig(script=script))

    async def whole() -> None:
        run = runtime.run_specialist("clerk", "go", thread_id="t")
        await until(run, "run_paused")
        [first] = runtime.pending_approvals()
        await runtime.respond_to_approval(first.approval_id, "approve", principal="ana")
        await turned_until(lambda: any(each.approval_id != first.approval_id for each in runtime.pending_approvals()))
        await runtime.respond_to_approval(first.approval_id, "approve", principal="ana")
        assert rows.done == ["deleted 1"]
        [second] = runtime.pending_approvals()
        await runtime.respond_to_approval(second.approval_id, "reject", principal="ana")
        await run

    asyncio.run(asyncio.wait_for(whole(), 30))
    assert rows.done == ["deleted 1"]
