"""Reading lines from a person, while the run goes on."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


def is_attended() -> bool:
    """Whether a person sits at the other end of standard input."""
    return sys.stdin.isatty()


async def ask(console: Console, question: str) -> str | None:
    """Ask for a line; nothing means that there will be no more."""
    console.print(Text(f"{question} ", style="bold yellow"), end="")
    line = await _read_line()
    return line.rstrip("\r\n") if line else None


async def choose(console: Console, question: str, choices: Sequence[str]) -> str | None:
    """Ask for one of a few words; a beginning that fits only one is enough, an empty line is the first."""
    while (answer := await ask(console, f"{question} [{'/'.join(choices)}]")) is not None:
        fitting = [choice for choice in choices if choice.startswith(answer.strip().lower())]
        if not answer.strip():
            return choices[0]
        if len(fitting) == 1:
            return fitting[0]
        console.print(Text(f"write one of: {', '.join(choices)}", style="dim"))
    return None


async def _read_line() -> str:
    # Not on a thread: nothing could interrupt it there, and Ctrl-C must work while a question stands.
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not line.done():
            line.set_result(sys.stdin.readline())

    try:
        loop.add_reader(sys.stdin.fileno(), read)
    except NotImplementedError:
        return await asyncio.to_thread(sys.stdin.readline)
    try:
        return await line
    finally:
        loop.remove_reader(sys.stdin.fileno())
