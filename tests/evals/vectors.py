"""The published scores of other libraries, where the shared data is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "../shared/data/scorer_vectors"


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Each row of a file, or a skip that says what is missing."""
    path = FOLDER / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"the shared data is not here: {path.name} is looked for in ../shared/data/scorer_vectors")
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
