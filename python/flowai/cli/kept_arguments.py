"""What may be written behind the verbs on kept runs."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from getpass import getuser
from typing import TYPE_CHECKING, Any, Literal, get_args

from flowai.cli.edits import add_edit

if TYPE_CHECKING:
    from collections.abc import Callable

STORAGE_HELP = "where runs are kept, such as `sqlite:///runs.db`; an app that has a store of its own needs none"
Status = Literal["running", "paused", "finished", "failed", "cancelled"]
Word = Literal["happened", "run_again", "failed"]
Verb = Literal["runs", "approvals", "approve", "reject", "settle", "resume", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOptions:
    """The command line of a verb on kept runs, read."""

    verb: Verb
    app: str
    storage: str | None = None
    tenant: str | None = None
    json: bool = False
    thread: str | None = None
    status: list[Status] = field(default_factory=list[Status])
    run_id: str | None = None
    approval_id: str = ""
    principal: str = ""
    reason: str | None = None
    only: list[int] | None = None
    excepted: list[int] | None = None
    edits: list[str] = field(default_factory=list[str])
    settlement: Word = "failed"
    result: Any = None


def kept_options(given: dict[str, Any]) -> KeptOptions:
    """Read what argparse found."""
    verb = given["command"] if given["command"] != "journal" else given["journal"]
    return KeptOptions(verb=verb, **{key: given[key] for key in given if key not in ("command", "journal")})


def add_kept(add_verb: Callable[..., argparse.ArgumentParser]) -> None:
    """Say what the verbs on kept runs take."""
    _add_runs(add_verb("runs", help="list the kept runs"))
    approvals = add_verb("approvals", help="list what waits for a human, or show one in full")
    approvals.add_argument("approval_id", nargs="?", default="", help="show this one with all that would run")
    _add_place(approvals)
    _add_listing(approvals)
    _add_approve(add_verb("approve", help="approve what waits, and go on with its run"))
    reject = add_verb("reject", help="reject what waits, and go on with its run")
    _add_answering(reject)
    _add_settle(add_verb("settle", help="say what became of a write in doubt"))
    resume = add_verb("resume", help="go on with a kept run")
    resume.add_argument("run_id", help="which one, as `runs` lists it")
    _add_place(resume)
    _add_deciding(resume)
    journal = add_verb("journal", help="look after what is kept")
    verify = journal.add_subparsers(dest="journal", required=True).add_parser(
        "verify", help="check that what is kept is what was written"
    )
    verify.add_argument(
        "run_id", nargs="?", help="of this run only; else of every run of the tenant, and everything else in the store"
    )
    _add_place(verify)
    verify.add_argument("--json", action="store_true", help="print one JSON object a run")


def _add_runs(runs: argparse.ArgumentParser) -> None:
    _add_place(runs)
    _add_listing(runs)
    runs.add_argument(
        "--status", action="append", default=[], choices=get_args(Status), help="only those; may be repeated"
    )


def _add_approve(approve: argparse.ArgumentParser) -> None:
    _add_answering(approve)
    part = approve.add_mutually_exclusive_group()
    part.add_argument("--only", type=_positions, metavar="0,2", help="the actions of a plan that may run")
    part.add_argument("--except", dest="excepted", type=_positions, metavar="1", help="the actions that may not")
    approve.add_argument(
        "--edit",
        dest="edits",
        action="append",
        default=[],
        type=_edit,
        metavar="0.quantity=12",
        help='a new value, of an action or as name="value"; may be repeated',
    )


def _add_settle(settle: argparse.ArgumentParser) -> None:
    settle.add_argument("approval_id", help="which one, as `approvals` lists it")
    settle.add_argument("settlement", choices=get_args(Word), help="what became of the write")
    settle.add_argument("--result", type=_result, metavar="JSON", help="what a write that happened would have answered")
    _add_answer(settle)


def _add_answering(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("approval_id", help="which one, as `approvals` lists it")
    _add_answer(parser)


def _add_answer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", metavar="WHY", help="is kept, and whoever asked is told")
    _add_place(parser)
    _add_deciding(parser)


def _add_deciding(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--principal", default=_login(), metavar="NAME", help="who decides; by default your login name")
    parser.add_argument("--json", action="store_true", help="print one JSON object an event and nothing else")


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--app", required=True, metavar="MODULE:ATTRIBUTE", help="as for `run`")
    parser.add_argument("--storage", metavar="URL", help=STORAGE_HELP)
    parser.add_argument("--tenant", metavar="ID", help="whose; by default the app's own tenant")


def _add_listing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--thread", metavar="ID", help="of one conversation only")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def _positions(written: str) -> list[int]:
    numbers = [each.strip() for each in written.split(",")]
    if not all(each.isascii() and each.isdecimal() for each in numbers):
        raise argparse.ArgumentTypeError(f"`{written}` is no list of positions; write them as 0,2")
    return sorted({int(each) for each in numbers})


def _edit(written: str) -> str:
    edits: dict[Any, Any] = {}
    if not add_edit(edits, written):
        raise argparse.ArgumentTypeError(f'`{written}` is no edit; write 0.quantity=12 or name="value"')
    return written


def _result(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"`{written}` is no JSON; put a text into quotes of its own") from error


def _login() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        # A user id without a name, as in many containers.
        return "terminal"
