"""The pytest plugin: cassettes, which record a run once and replay it after.

Nothing here opens anything heavy: pytest loads it at the start of every session.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from flowai.evals.cassette import Cassette

MODES = ("none", "once", "all")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--flowai-record`."""
    parser.getgroup("flowai").addoption(
        "--flowai-record",
        choices=MODES,
        default="none",
        help="none: replay cassettes, and fail without one; once: record those that are missing; all: record all anew",
    )


@pytest.fixture
def flowai_cassette(request: pytest.FixtureRequest) -> Any:
    """Give a cassette for this test: `cassette.over(Live())` is an interpreter that records or replays.

    Its file is beside the test, in the folder `cassettes`, named after the test and the class that it is in.
    """
    from flowai.evals.cassette import Cassette

    # Tests of two classes may have one name.
    owner: Any = cast("Any", request).cls
    name = re.sub(r"[^\w.-]+", "_", f"{owner.__qualname__}.{request.node.name}" if owner else request.node.name)
    path = Path(request.path).parent / "cassettes" / Path(request.path).stem / f"{name}.jsonl.gz"
    cassette: Cassette = Cassette(path, cast("Any", request.config.getoption("--flowai-record")))
    yield cassette
    cassette.save()
