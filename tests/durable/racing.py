"""Answers that are given at the same moment, by threads of one runtime, here or in a process of its own.

usage: python -m tests.durable.racing STORAGE WORLD NAME THREADS; it reads an approval a line, and says in a line what
became of each answer.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

from flowai.errors import FlowaiError
from flowai_harness import Approve, Reject, Runtime
from tests.durable.restocking import World, runtime, say


class Answer(NamedTuple):
    """One answer, and what its giver was told."""

    principal: str
    decision: str
    told: str
    """`ok`, or the name of the error."""


def race(here: Runtime, approval_id: str, name: str, threads: int) -> list[Answer]:
    """Answer once from each thread, all at once."""
    ready = Barrier(threads)

    def answer(number: int) -> Answer:
        principal = f"{name}-{number}"
        # One in five approves, and no two refuse for the same reason.
        decision = Approve() if number % 5 == 0 else Reject(principal)
        word = "approved" if number % 5 == 0 else "rejected"
        ready.wait()
        try:
            here.blocking.respond_to_approval(approval_id, decision, principal=principal)
        except FlowaiError as error:
            return Answer(principal, word, type(error).__name__)
        return Answer(principal, word, "ok")

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(answer, range(threads)))


def _main(storage: str, world: str, name: str, threads: str) -> None:
    here = runtime(storage, World(Path(world)))
    say("ready")
    for line in sys.stdin:
        for each in race(here, line.strip(), name, int(threads)):
            say("told", *each)


if __name__ == "__main__":
    _main(*sys.argv[1:])
