"""What is kept, as lists: tables at a terminal, a line each through a pipe, JSON where asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from flowai.cli.cards import show_approval
from flowai.cli.place import Place
from flowai.cli.shown import safe
from flowai.errors import JournalBroken, UnknownApproval

if TYPE_CHECKING:
    from flowai.cli.kept_arguments import KeptOptions
    from flowai.interpreters import Runtime


def list_runs(runtime: Runtime, options: KeptOptions) -> bool:
    """List the kept runs."""
    found = runtime.runs(tenant=options.tenant, thread_id=options.thread, status=options.status)
    if options.json:
        _print_json(asdict(each) for each in found)
        return True
    rows = [(each.run_id, each.status, each.thread_id or "-", moment(each.started_at), each.name) for each in found]
    _show("runs", ("run", "status", "thread", "began", "what"), rows)
    return True


def list_approvals(runtime: Runtime, options: KeptOptions) -> bool:
    """List what waits for a human, or show one in full with the lines that answer it.

    Raises:
        UnknownApproval: No such approval waits.
    """
    found = runtime.pending_approvals(tenant=options.tenant, thread_id=options.thread)
    if options.approval_id:
        found = [each for each in found if each.approval_id == options.approval_id]
        if not found:
            raise UnknownApproval(f"no approval `{options.approval_id}` waits", hint="`approvals` lists those that do")
    if options.json:
        _print_json(asdict(each) for each in found)
    elif options.approval_id:
        console = Console(highlight=False)
        show_approval(console, found[0])
        place = Place(app=options.app, storage=options.storage, tenant=options.tenant)
        for line in place.answers(found[0].approval_id, found[0].kind):
            console.print(safe(line), soft_wrap=True)
    else:
        rows = [(each.approval_id, each.kind, each.run_id, moment(each.expires_at), each.title) for each in found]
        _show("approvals", ("approval", "kind", "run", "until", "what"), rows)
    return True


def verify(runtime: Runtime, options: KeptOptions) -> bool:
    """Check the journals; return whether all of them are what was written.

    Raises:
        RunNotFound: There is no such run.
    """
    every = [options.run_id] if options.run_id else [each.run_id for each in runtime.runs(tenant=options.tenant)]
    found = [(run_id, *_verified(runtime, run_id, options.tenant)) for run_id in every]
    if options.run_id is None:
        broken = {f'"journal" "{options.tenant or runtime.spec.tenant.id}" "{run_id}"' for run_id in every}
        found += [(each.key, None, each.fault) for each in runtime.check_storage() if each.key not in broken]
    if options.json:
        _print_json({"run_id": run_id, "records": count, "fault": fault} for run_id, count, fault in found)
    else:
        rows = [(run_id, "-" if fault else str(count), fault or "as written") for run_id, count, fault in found]
        _show("journals", ("run", "records", "what is kept"), rows)
    return not any(fault for _, _, fault in found)


def _verified(runtime: Runtime, run_id: str, tenant: str | None) -> tuple[int | None, str | None]:
    try:
        return runtime.verify(run_id, tenant=tenant), None
    except JournalBroken as error:
        return None, error.message


def moment(milliseconds: int) -> str:
    """Return a time as people read it.

    Example:
        >>> moment(0)
        '1970-01-01 00:00:00'
    """
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1_000, UTC):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return "the end of time"


def _print_json(objects: Iterable[object]) -> None:
    for each in objects:
        print(json.dumps(each, default=list))


def _show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        for row in rows:
            print("\t".join(safe(each).plain for each in row))
    elif not rows:
        console.print(safe(f"there are no {title}", "dim"))
    else:
        table = Table(*columns, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for column in table.columns[:-1]:
            column.no_wrap = True
        for row in rows:
            table.add_row(*(safe(each) for each in row))
        console.print(table)
