"""Makes the stores that are kept of a release: by hand, once, with that release.

usage: .ci/postgres run python -m tests.journals.make RELEASE

Each run is begun by a process of its own, which lets it wait, is killed over it, or ends it. What is kept names the
machine of these processes: `unshare --uts sh -c "hostname journals; python -m ..."` gives it another name.
"""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from tests.durable.processes import ROOT, environment
from tests.durable.storage import SERVER
from tests.harness.desk import turned_until, until
from tests.journals.desk import Deeds, asking, living, timeless
from tests.journals.server import SCHEMA, address_of, program_of

Step = Callable[[str], Coroutine[Any, Any, None]]


async def plan(storage: str) -> None:
    """Let a coordinator's plan wait for a human."""
    here = living(storage, Deeds())
    await until(here.query("order 1", thread_id="plan"), "approval_required")
    await here.drain()


async def settled(storage: str) -> None:
    """Die over a write that a human will say has happened."""
    await _die(storage, "settled", 20)


async def repeated(storage: str) -> None:
    """Die over a write that a human will have made again."""
    await _die(storage, "repeated", 30)


async def _die(storage: str, thread: str, order: int) -> None:
    here = living(storage, Deeds(dies_at=f"send {order}"))
    await here.run_specialist("clerk", f"order {order}", thread_id=thread)


async def finished(storage: str) -> None:
    """Use some of what a thread may use."""
    await living(storage, Deeds()).run_specialist("reader", "order 40", thread_id="finished")


async def cancelled(storage: str) -> None:
    """Cancel a run that waits."""
    here = living(storage, Deeds())
    run = here.run_specialist("hand", "order 50", thread_id="cancelled")
    await until(run, "approval_required")
    run.cancel("nobody wants it")
    await turned_until(lambda: here.runs(thread_id="cancelled", status="cancelled") != [])


async def dropping(storage: str) -> None:
    """Let a call of a tool wait for a human."""
    here = living(storage, Deeds())
    await until(here.run_specialist("hand", "order 60", thread_id="dropping"), "approval_required")
    await here.drain()


async def program(storage: str) -> None:
    """Let a program wait for a human."""
    here = timeless(storage, Deeds())
    await until(here.run_program(asking(70), thread_id="program"), "approval_required")
    await here.drain()


STEPS: dict[str, Step] = {
    step.__name__: step for step in (plan, settled, repeated, finished, cancelled, dropping, program)
}
KILLED = {settled, repeated}


def fill(storage: str) -> None:
    """Begin every run, each in a process of its own."""
    for name, step in STEPS.items():
        command = [sys.executable, "-m", "tests.journals.make", "step", name, storage]
        code = subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode
        assert code == (-signal.SIGKILL if step in KILLED else 0), f"`{name}` ended with {code}"


def make(folder: Path) -> None:
    """Write the stores of a release into a folder that is not there yet."""
    folder.mkdir()
    with TemporaryDirectory() as work, ZipFile(folder / "runs.zip", "w", ZIP_DEFLATED) as kept:
        for path in embedded(Path(work)):
            # By name alone, so that the archive has no times and no owners.
            kept.writestr(ZipInfo(path.name), path.read_bytes(), ZIP_DEFLATED)
    (folder / "runs.sql").write_text(dumped(os.environ[SERVER]), encoding="utf-8")


def embedded(folder: Path) -> list[Path]:
    """Fill a database, and return its files."""
    database = folder / "runs.db"
    fill(f"sqlite:///{database}")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sorted(folder.iterdir())


def dumped(server: str) -> str:
    """Fill a schema of a server, and return it as SQL."""
    fill(address_of(server, SCHEMA))
    command = [program_of("pg_dump"), "--schema", SCHEMA, "--no-owner", "--no-privileges", server]
    return portable(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def portable(dump: str) -> str:
    """Leave out of a dump what only servers and clients of its own version understand, and all comments."""
    lines = re.sub(r"^(?:SET (?!default)|\\(?:un)?restrict |--).*\n", "", dump, flags=re.MULTILINE)
    return re.sub(r"\n{2,}", "\n", lines)


if __name__ == "__main__":
    if sys.argv[1] == "step":
        asyncio.run(STEPS[sys.argv[2]](sys.argv[3]))
    else:
        make(Path(__file__).parent / sys.argv[1])
