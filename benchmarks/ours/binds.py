"""Memory of a bind: as a value before the run, and pending inside the machine while the innermost effect is asked."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.stopwatch import report
from flowai import Do, Effect, Program, program, pure
from flowai.interpreters import Test

BINDS = 200_000
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Weigh(Effect[int]):
    """Ask how large the process is now."""


@program
def weigh() -> Do[Weigh, int]:
    """Ask once, below every bind."""
    return (yield from Weigh())


def resident(_effect: Weigh | None = None) -> int:
    """The bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def nested() -> Program[Any, int]:
    """Bind to the left, again and again."""
    chain: Program[Any, int] = weigh()
    for _ in range(BINDS):
        chain = chain.bind(pure)
    return chain


def main() -> None:
    """Weigh before, with the value built, and in the middle of its run."""
    Test().handling(Weigh, resident).run(weigh())
    empty = resident()
    chain = nested()
    built = resident()
    pending = Test().handling(Weigh, resident).run(chain).value
    report("bind.value", (built - empty) / BINDS, "bytes")
    report("bind.pending", max(pending - built, 0) / BINDS, "bytes")


if __name__ == "__main__":
    main()
