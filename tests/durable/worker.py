"""A process of its own: it works on orders, or answers what waits for a human.

usage: python -m tests.durable.worker (work|answer) STORAGE WORLD COUNT
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from flowai.errors import ApprovalError
from flowai.interpreters import Run
from flowai_harness import Runtime
from tests.durable.restocking import LIMIT, World, counting, runtime, say, settled


def begin(here: Runtime, order: int) -> Run[Any]:
    """Begin an order, or join the run that did."""
    name: dict[str, Any] = {"thread_id": f"thread-{order}", "request_id": f"order-{order}"}
    if order % 3 == 0:
        return here.run_specialist("clerk", f"order {order}", **name)
    if order % 3 == 1:
        return here.query(f"order {order}", **name)
    return here.run_program(counting(order), budget=LIMIT, **name)


async def follow(run: Run[Any]) -> None:
    async for event in run:
        approval = event.approval_id if event.type == "approval_required" else ""
        say(event.type, run.run_id, approval)


async def work(storage: str, world: World, count: int) -> None:
    here = runtime(storage, world, recover=True)
    runs = [begin(here, order) for order in range(count)]
    await asyncio.gather(*map(follow, runs))
    say("over")


async def answer(storage: str, world: World, _: int) -> None:
    here = runtime(storage, world)
    for each in here.pending_approvals():
        said = settled(world, each.subject["idempotency_key"]) if each.kind == "in_doubt" else "approve"
        say("answers", each.approval_id)
        try:
            await here.respond_to_approval(each.approval_id, said, principal="ana")
        except ApprovalError as error:
            say("refused", each.approval_id, type(error).__name__)
        else:
            say("acknowledged", each.approval_id, each.kind)


if __name__ == "__main__":
    verb = {"work": work, "answer": answer}[sys.argv[1]]
    asyncio.run(verb(sys.argv[2], World(Path(sys.argv[3])), int(sys.argv[4])))
