"""A gather of 1,000 asyncio tasks that suspend once each."""

import asyncio

from benchmarks.stopwatch import report, time_us

TASKS = 1_000


async def ask(number: int) -> int:
    """Suspend once and answer."""
    await asyncio.sleep(0)
    return number + 1


async def gather_all() -> list[int]:
    """Wait for all of them."""
    return await asyncio.gather(*(asyncio.create_task(ask(number)) for number in range(TASKS)))


def main() -> None:
    """Measure one task of the gather, the loop being there already."""
    with asyncio.Runner() as runner:
        report("gather.asyncio", time_us(lambda: runner.run(gather_all()), TASKS))


if __name__ == "__main__":
    main()
