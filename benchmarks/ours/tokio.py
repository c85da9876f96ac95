"""100 concurrent effects that tokio answers, under the live interpreter on the caller's loop."""

import asyncio

from benchmarks.stopwatch import report, time_us
from flowai import Clock, Do, Sleep, gather, program
from flowai.interpreters import Live

EFFECTS = 100


@program
def wait(number: int) -> Do[Clock, int]:
    """Suspend once."""
    yield from Sleep(0)
    return number


async def gather_all() -> None:
    """Wait for all of them."""
    run = await Live().arun(gather(*(wait(number) for number in range(EFFECTS))))
    assert run.value == tuple(range(EFFECTS))


def main() -> None:
    """Measure one effect of the gather, the loop being there already."""
    with asyncio.Runner() as runner:
        report("tokio.ours", time_us(lambda: runner.run(gather_all()), EFFECTS, repeats=50))


if __name__ == "__main__":
    main()
