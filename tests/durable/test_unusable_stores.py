"""Stores that cannot be opened or written: a typed error says what to do, and what was taken is not lost."""

import os
from pathlib import Path

import pytest

from flowai.errors import StorageError
from tests.durable.processes import started
from tests.durable.shop import Deeds, shop_on


def test_a_run_on_a_full_disk_stops_before_its_next_write_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with started("filling", tmp_path) as process:
        said = [" ".join(line) for line in process.lines()]
        assert process.end() == 0
    # The disk may be full before it has the answer of `put`, which is idempotent: then it is made again under its key.
    ends = ["done put 1 fill fill send 2", "done put 1 fill put 1 fill send 2"]
    assert said.pop(4) in ends
    assert said == [
        "stopped StorageError with hint",
        "done put 1 fill",
        "listed running",
        "ended done",
        "kept True []",
    ]


@pytest.mark.parametrize("name", ["missing/runs.db", "text", "folder", "foreign.db"])
def test_a_file_that_is_no_store_is_left_alone_with_advice(tmp_path: Path, name: str) -> None:
    (tmp_path / "text").write_text("no database, and long enough to be read as one" * 100)
    (tmp_path / "folder").mkdir()
    (tmp_path / "foreign.db").write_bytes(_foreign())
    before = {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}
    with pytest.raises(StorageError, match="hint: "):
        shop_on(f"sqlite:///{tmp_path / name}", Deeds())
    assert {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()} == before


@pytest.mark.parametrize("address", ["127.0.0.1:1/x", "127.0.0.1:port/x", "127.0.0.1:1/x?colour=red", ""])
def test_a_server_that_is_not_there_is_told_with_advice(address: str) -> None:
    with pytest.raises(StorageError, match="hint: ") as caught:
        shop_on(f"postgresql://{address}", Deeds())
    assert caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every file")
def test_a_file_that_may_only_be_read_is_told_with_advice(tmp_path: Path) -> None:
    shop_on(f"sqlite:///{tmp_path / 'runs.db'}", Deeds())
    for each in tmp_path.iterdir():
        each.chmod(0o400)
    with pytest.raises(StorageError, match="hint: "):
        shop_on(f"sqlite:///{tmp_path / 'runs.db'}", Deeds())


def _foreign() -> bytes:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE rows (row INTEGER)")
        return database.serialize()
