"""The command `python -m examples.restock`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import cast, get_args

from rich.console import Console
from rich.panel import Panel

from examples.restock.job import Word, restock
from examples.restock.report import glimpse, make_report
from examples.restock.review import Mode
from examples.restock.rows import show_changed_rows
from examples.restock.script import REQUEST
from examples.restock.stocking import build_warehouse
from examples.restock.warehouse import SqliteWarehouse
from flowai_harness import FlowaiError


def main(argv: list[str] | None = None) -> int:
    """Run the job on a new warehouse and show what it changed."""
    options = _parser().parse_args(argv)
    console = Console()
    try:
        with tempfile.TemporaryDirectory() as folder:
            warehouse = _warehouse(options.database or Path(folder) / "warehouse.sqlite", console)
            return _run(warehouse, _mode(options.mode, console), _interpreter(), console)
    except FlowaiError as error:
        Console(stderr=True).print(str(error), style="bold red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("\ninterrupted: what was not approved was not done")
        return 1


def _run(warehouse: SqliteWarehouse, mode: Mode, interpreter: Word, console: Console) -> int:
    before = warehouse.articles()
    outcome = asyncio.run(restock(warehouse, mode, console, interpreter))
    console.print()
    show_changed_rows(console, before, warehouse.articles())
    console.print(f"[bold]coordinator:[/] {outcome.answer}", highlight=False)
    console.print(f"[dim]{len(outcome.events)} events, answered by the {interpreter} interpreter[/]", highlight=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.restock", description=__doc__)
    answers = parser.add_mutually_exclusive_group()
    for mode, meaning in (
        (Mode.YES, "approve the plan as it is"),
        (Mode.EDIT, "approve it with smaller orders"),
        (Mode.REJECT, "reject it once and approve the second revision"),
    ):
        answers.add_argument(f"--{mode.value}", dest="mode", action="store_const", const=mode, help=meaning)
    parser.add_argument("--database", type=Path, metavar="PATH", help="keep the warehouse, in this new file")
    return parser


def _mode(chosen: Mode | None, console: Console) -> Mode:
    if chosen is not None:
        return chosen
    if sys.stdin.isatty() and sys.stdout.isatty():
        return Mode.ASK
    console.print("[yellow]there is no terminal to ask at: acting as --yes[/]")
    return Mode.YES


def _interpreter() -> Word:
    word = os.environ.get("FLOWAI_INTERPRETER") or "test"
    if word not in get_args(Word):
        raise FlowaiError(f"`FLOWAI_INTERPRETER` is `{word}`", hint="write `test` or `eval`")
    return cast("Word", word)


def _warehouse(path: Path, console: Console) -> SqliteWarehouse:
    if path.exists():
        raise FlowaiError(f"`{path}` is there already", hint="name a new file; the example builds its own warehouse")
    warehouse = build_warehouse(path)
    seen = glimpse(make_report(warehouse, weeks=26))
    facts = f"{seen['articles']} articles, {seen['shortages']} about to run out, {seen['idle']} that nobody buys"
    console.print(Panel(f"[bold]{REQUEST}[/]\n{facts}", title="restock", title_align="left", border_style="magenta"))
    return warehouse


if __name__ == "__main__":
    raise SystemExit(main())
