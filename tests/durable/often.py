"""How often something is tried: a few times, or, with `FLOWAI_SOAK=1`, as often as it takes."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest


def often(variable: str, few: int, many: int) -> int:
    """Return a count; a variable of its own may say another."""
    soaking = os.environ.get("FLOWAI_SOAK") == "1"
    return int(os.environ.get(variable, many if soaking else few))


@pytest.fixture(scope="module")
def figures() -> Iterator[Counter[str]]:
    """What all rounds of a module came to; `pytest -s` shows it at the end."""
    found: Counter[str] = Counter()
    yield found
    print(f"\n{dict(found)}")  # noqa: T201 — the figure is what this is run for
