"""A PostgreSQL server of a test's own, which it may take away and bring back."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.durable.processes import ROOT


class Server:
    """A server in a folder that goes away with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""

    def start(self) -> None:
        """Make it, or start it again at the same address."""
        begun = self._told("start")
        if begun.returncode and "CI" not in os.environ:
            pytest.skip("no PostgreSQL 15 or newer is installed")
        assert begun.returncode == 0, begun.stderr
        self.address = begun.stdout.strip()

    def end(self, how: str) -> None:
        """Take it away: `stop` in good order, `crash` as if the power had gone."""
        assert self._told(how).returncode == 0

    def _told(self, verb: str) -> "subprocess.CompletedProcess[str]":
        # What the server writes goes into its log: it outlives the command, and would hold a pipe open.
        command = [str(ROOT / ".ci" / "postgres"), verb, str(self.folder / "server")]
        return subprocess.run(command, check=False, capture_output=True, text=True)


@contextmanager
def own_server() -> Generator[Server]:
    """Start a server, which is gone at the end whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="flowai-server."))
    # The server is another user where the tests are root.
    folder.chmod(0o755)
    server = Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.end("stop")
        shutil.rmtree(folder)
