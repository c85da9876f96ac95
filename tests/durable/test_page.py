"""The page on durable runs keeps its word: its programs run, and its copy of a store is good while others write."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flowai.errors import JournalBroken, StorageError
from flowai_harness import Runtime, create_runtime
from flowai_harness import TestingConfig as Testing
from tests.durable.shop import TOOLS, Deeds, shop
from tests.harness.desk import desk

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/durable.md").read_text(encoding="utf-8")
*PROGRAMS, BACK_UP = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILES = ("runs.db", "runs.db-head")
WRITER = """
import sys
from pathlib import Path
from tests.durable.shop import Deeds, shop

kept = shop(Path(sys.argv[1]), Deeds(), "done")
for _ in range(int(sys.argv[2])):
    kept.blocking.run_specialist("clerk", "go")
"""


def writing(folder: Path, runs: int) -> "subprocess.Popen[bytes]":
    """Start a process that keeps some runs; SQLite sees the locks of others only from a process of its own."""
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(runs)], cwd=ROOT)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_the_programs_of_the_page_run(number: int, tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    script.write_text(PROGRAMS[number], encoding="utf-8")
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_has_a_program_for_each_part_that_can_be_shown() -> None:
    assert len(PROGRAMS) == 2
    assert "back_up.py" in BACK_UP


def test_a_copy_that_is_made_while_others_write_is_whole(tmp_path: Path) -> None:
    script = tmp_path / "back_up.py"
    script.write_text(BACK_UP, encoding="utf-8")
    assert writing(tmp_path, 1).wait() == 0
    copies: list[Path] = []
    with writing(tmp_path, 100) as writer:
        while writer.poll() is None:
            copies.append(tmp_path / f"copy-{len(copies)}")
            copies[-1].mkdir()
            command = [sys.executable, "-W", "error", script, tmp_path / "runs.db", copies[-1] / "runs.db"]
            assert subprocess.run(command, check=False).returncode == 0
    assert writer.returncode == 0
    counts = [_sound_runs(shop(copy, Deeds())) for copy in copies]
    assert counts == sorted(counts)
    assert 1 <= counts[0] <= counts[-1] <= _sound_runs(shop(tmp_path, Deeds())) == 101


def test_an_older_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="older one"):
        shop(_mixed(tmp_path, older="runs.db-head"), Deeds())


def test_an_older_database_has_lost_what_its_head_names(tmp_path: Path) -> None:
    mixed = shop(_mixed(tmp_path, older="runs.db"), Deeds())
    with pytest.raises(JournalBroken):
        mixed.runs()


def test_a_database_without_its_head_is_refused(tmp_path: Path) -> None:
    assert writing(tmp_path, 1).wait() == 0
    (tmp_path / "runs.db-head").unlink()
    with pytest.raises(StorageError, match="together"):
        shop(tmp_path, Deeds())


def test_a_dump_of_a_server_is_whole(tmp_path: Path) -> None:
    address = os.environ.get("FLOWAI_TEST_POSTGRES")
    if not address or not shutil.which("pg_dump"):
        pytest.skip("there is no server; `.ci/postgres run` starts one")
    kept = _on(address, f"page_{os.getpid()}")
    kept.blocking.run_specialist("clerk", "go")
    dump, schema = tmp_path / "dump", f"page_{os.getpid()}"
    subprocess.run(["pg_dump", "-Fc", "--schema", schema, "-f", dump, address], check=True)
    copy = f"copy_{os.getpid()}"
    subprocess.run(["psql", "-q", address, "-c", f"CREATE DATABASE {copy}"], check=True)
    there = urlsplit(address)._replace(path=f"/{copy}").geturl()
    subprocess.run(["pg_restore", "-d", there, dump], check=True)
    assert _sound_runs(_on(there, schema)) == 1


def _on(address: str, schema: str) -> Runtime:
    storage = f"{address}{'&' if '?' in address else '?'}schema={schema}"
    return create_runtime(desk(tools=TOOLS), Deeds(), testing=Testing(script={"clerk": ["done"]}), storage=storage)


def _sound_runs(runtime: Runtime) -> int:
    return sum(runtime.verify(each.run_id) > 0 for each in runtime.runs())


def _mixed(folder: Path, older: str) -> Path:
    """Keep runs, and return a copy in which one of both files is of an earlier time."""
    mixed = folder / "mixed"
    mixed.mkdir()
    assert writing(folder, 2).wait() == 0
    shutil.copy2(folder / older, mixed / older)
    assert writing(folder, 3).wait() == 0
    (newer,) = [each for each in FILES if each != older]
    shutil.copy2(folder / newer, mixed / newer)
    return mixed
