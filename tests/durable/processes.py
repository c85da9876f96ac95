"""Processes that are killed: started with a module of this folder, read line by line, ended without a warning."""

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A worker or whoever answers, and what it says."""

    def __init__(self, module: str, *arguments: object) -> None:
        command = [sys.executable, "-m", f"tests.durable.{module}", *map(str, arguments)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=pipe, stdout=pipe, text=True)

    def tell(self, line: str) -> None:
        """Give it a line to read."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def lines(self) -> Iterator[list[str]]:
        """Return what it says, in words, until it ends."""
        for line in self._process.stdout or ():
            if line.endswith("\n"):  # a dying process may say half a line
                yield line.split()

    def kill(self) -> None:
        """End it as `kill -9` does, and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """Wait for its end and return its exit code."""
        return self._process.wait()

    def close(self) -> None:
        """Be gone, whatever was so far."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def started(module: str, *arguments: object) -> Generator[Process]:
    """Start a process, which is gone at the end whatever happens."""
    process = Process(module, *arguments)
    try:
        yield process
    finally:
        process.close()


def environment() -> dict[str, str]:
    """Return the environment of a child, which finds the package where this process found it."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
