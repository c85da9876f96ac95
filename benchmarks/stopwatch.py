"""A stopwatch for scripts that run in many environments: it needs the standard library only."""

import gc
import json
import sys
import time
from collections.abc import Callable


def time_us(work: Callable[[], object], operations: int, *, repeats: int = 5) -> float:
    """Run `work` once to warm up and `repeats` times measured; the fastest, in microseconds an operation.

    The fastest of a few is the usual answer to a noisy neighbour; the runner takes medians over rounds.
    """
    work()
    gc.collect()
    return min(_once(work) for _ in range(repeats)) / operations * 1e6


def report(name: str, value: float, unit: str = "us") -> None:
    """Print one measurement as a line of JSON for the runner."""
    sys.stdout.write(json.dumps({"name": name, "value": value, "unit": unit}) + "\n")


def _once(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
