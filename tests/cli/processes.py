"""The command in processes of its own, as a shell starts it."""

import os
import shlex
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "import sys; from flowai.cli import main; sys.exit(main())")


@dataclass(frozen=True)
class Shell:
    """Where commands are given: over one store, for one app."""

    folder: Path
    app: str

    @property
    def storage(self) -> str:
        """The address of the store."""
        return f"sqlite:///{self.folder / 'runs.db'}"

    @property
    def deeds(self) -> list[str]:
        """What was done in all processes so far, in order."""
        noted = self.folder / "deeds"
        return noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []

    def __call__(self, *words: str, app: str | None = None) -> subprocess.CompletedProcess[str]:
        """Perform a command over the store and wait for its end."""
        return self.raw(*words, "--app", f"tests.cli.kept_shop:{app or self.app}", "--storage", self.storage)

    def raw(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Perform a command as it stands."""
        return subprocess.run(
            [*COMMAND, *words],
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def pasted(self, line: str) -> subprocess.CompletedProcess[str]:
        """Perform a line that a command printed."""
        name, *words = shlex.split(line)
        assert name == "flowai-harness"
        return self.raw(*words)

    @contextmanager
    def at_terminal(self, *words: str) -> Generator["Terminal"]:
        """Start a command whose standard input is a terminal."""
        person, terminal = os.openpty()
        words = (*words, "--app", f"tests.cli.kept_shop:{self.app}", "--storage", self.storage)
        started = subprocess.Popen(
            [*COMMAND, *words],
            cwd=ROOT,
            env=self._environment(),
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.close(terminal)
        with started:
            try:
                yield Terminal(started, person)
            finally:
                started.kill()
                os.close(person)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        return {**kept, "SHOP_FOLDER": str(self.folder), "LOGNAME": "ana"}


@dataclass
class Terminal:
    """A command that a person talks to."""

    process: subprocess.Popen[bytes]
    person: int
    shown: str = ""

    def type(self, text: str) -> None:
        """Type into it."""
        os.write(self.person, text.encode())

    def until(self, text: str) -> str:
        """Read until it has shown a text."""
        assert self.process.stdout is not None
        while text not in self.shown:
            more = os.read(self.process.stdout.fileno(), 4096)
            assert more, f"it ended without `{text}`:\n{self.shown}"
            self.shown += more.decode()
        return self.shown

    def ended(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and all that it showed."""
        assert self.process.stdout is not None
        while more := os.read(self.process.stdout.fileno(), 4096):
            self.shown += more.decode()
        return self.process.wait(), self.shown
