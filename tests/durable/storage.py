"""Stores of a test's own: a SQLite file always, a schema in PostgreSQL where a server is named."""

import os
import uuid
from pathlib import Path

import pytest

SERVER = "FLOWAI_TEST_POSTGRES"
"""The variable that names the server; `.ci/postgres run COMMAND` starts one for a command."""


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty store."""
    return storage_of(str(request.param), tmp_path)


def storage_of(kind: str, folder: Path) -> str:
    """Return the address of an empty store of a kind, or skip the test where there is none."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'runs.db'}"
    server = os.environ.get(SERVER)
    if server is None:
        pytest.skip(f"`{SERVER}` names no PostgreSQL server; `.ci/postgres run COMMAND` starts one")
    return f"{server}{'&' if '?' in server else '?'}schema=flowai_test_{uuid.uuid4().hex}"
