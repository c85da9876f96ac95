"""The command `python -m examples.restock`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from examples.restock.evals import evaluate
from examples.restock.job import chosen_interpreter, restock
from examples.restock.report import glimpse, make_report
from examples.restock.review import Mode
from examples.restock.rows import show_changed_rows
from examples.restock.script import REQUEST
from examples.restock.stocking import build_warehouse
from examples.restock.warehouse import Article, SqliteWarehouse
from flowai_harness import FlowaiError


def main(argv: list[str] | None = None) -> int:
    """Run the job on a new warehouse and show what it changed."""
    options = _parser().parse_args(argv)
    console = Console()
    try:
        with tempfile.TemporaryDirectory() as folder:
            warehouse = _warehouse(options, Path(folder), console)
            # Another process may have changed rows already; the same seed gives the same rows.
            untouched = build_warehouse(Path(folder) / "untouched.sqlite") if options.storage else warehouse
            _run(warehouse, untouched.articles(), options, console)
        return 0 if options.only_job or options.storage else _evals(console)
    except FlowaiError as error:
        Console(stderr=True).print(str(error), style="bold red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("\ninterrupted: what was not approved was not done")
        return 1


def _run(warehouse: SqliteWarehouse, before: list[Article], options: argparse.Namespace, console: Console) -> None:
    mode, interpreter = _mode(options.mode, console), chosen_interpreter()
    outcome = asyncio.run(restock(warehouse, mode, console, interpreter, options.storage))
    console.print()
    show_changed_rows(console, before, warehouse.articles())
    console.print(f"[bold]coordinator:[/] {outcome.answer}", highlight=False)
    console.print(f"[dim]{len(outcome.events)} events, answered by the {interpreter} interpreter[/]", highlight=False)


def _evals(console: Console) -> int:
    """Run the second part: the same job, measured; offline, whatever interpreter the job had."""
    console.rule("[bold]evals[/]", align="left")
    found = evaluate(console)
    return 0 if not found.errors and found.mean() == 1 else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.restock", description=__doc__)
    answers = parser.add_mutually_exclusive_group()
    for mode, meaning in (
        (Mode.YES, "approve the plan as it is"),
        (Mode.EDIT, "approve it with smaller orders"),
        (Mode.REJECT, "reject it once and approve the second revision"),
    ):
        answers.add_argument(f"--{mode.value}", dest="mode", action="store_const", const=mode, help=meaning)
    parser.add_argument("--only-job", action="store_true", help="leave the evals out")
    parser.add_argument("--database", type=Path, metavar="PATH", help="keep the warehouse, in this new file")
    parser.add_argument("--storage", metavar="URL", help="keep the run, so that any process goes on with it")
    return parser


def _mode(chosen: Mode | None, console: Console) -> Mode:
    if chosen is not None:
        return chosen
    if sys.stdin.isatty() and sys.stdout.isatty():
        return Mode.ASK
    console.print("[yellow]there is no terminal to ask at: acting as --yes[/]")
    return Mode.YES


def _warehouse(options: argparse.Namespace, folder: Path, console: Console) -> SqliteWarehouse:
    path: Path = options.database or folder / "warehouse.sqlite"
    if options.storage is not None:
        if options.database is None:
            raise FlowaiError("a kept job needs a kept warehouse", hint="name its file: `--database warehouse.sqlite`")
        console.print(f"[dim]process {os.getpid()}; `kill -9 {os.getpid()}` loses nothing[/]", highlight=False)
    if path.exists():
        if options.storage is not None:
            return SqliteWarehouse(path)
        raise FlowaiError(f"`{path}` is there already", hint="name a new file; the example builds its own warehouse")
    warehouse = build_warehouse(path)
    seen = glimpse(make_report(warehouse, weeks=26))
    facts = f"{seen['articles']} articles, {seen['shortages']} about to run out, {seen['idle']} that nobody buys"
    console.print(Panel(f"[bold]{REQUEST}[/]\n{facts}", title="restock", title_align="left", border_style="magenta"))
    return warehouse


if __name__ == "__main__":
    raise SystemExit(main())
