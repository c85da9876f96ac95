"""100 concurrent tokio futures awaited one by one through `pyo3-async-runtimes`."""

import asyncio

from tokio_futures import ask

from benchmarks.stopwatch import report, time_us

FUTURES = 100


async def gather_all() -> None:
    """Wait for all of them."""
    answers = await asyncio.gather(*(ask(number) for number in range(FUTURES)))
    assert answers == list(range(1, FUTURES + 1))


def main() -> None:
    """Measure one future of the gather, the loop being there already."""
    with asyncio.Runner() as runner:
        report("tokio.pyo3_async_runtimes", time_us(lambda: runner.run(gather_all()), FUTURES, repeats=50))


if __name__ == "__main__":
    main()
