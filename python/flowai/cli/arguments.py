"""What may be written on the command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Literal, cast

from flowai.cli.eval_arguments import EvalOptions, add_eval, eval_options
from flowai.cli.kept_arguments import STORAGE_HELP, KeptOptions, add_kept, kept_options

if TYPE_CHECKING:
    from collections.abc import Sequence

DESCRIPTION = "Talk to your agents in a terminal, approve what they plan, and check how they are wired."
KEPT = ("runs", "approvals", "approve", "reject", "settle", "resume", "journal")
APP_HELP = "a runtime spec, a runtime, or a function that returns one, such as `my_agents:spec`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line, read."""

    command: Literal["run", "check", "eval", "kept", "dev"]
    app: str = ""
    prompt: str | None = None
    thread: str = "terminal"
    specialist: str | None = None
    yes: bool = False
    json: bool = False
    storage: str | None = None
    evals: EvalOptions | None = None
    kept: KeptOptions | None = None


def parse_arguments(argv: Sequence[str] | None) -> Options:
    """Read the command line.

    Raises:
        SystemExit: it asks for help or the version, or cannot be meant.

    Example:
        >>> parse_arguments(["run", "--app", "my_agents:spec", "hello", "--yes"]).prompt
        'hello'
    """
    given = vars(_parser().parse_args(argv))
    if given["command"] == "eval":
        return Options(command="eval", evals=eval_options({key: given[key] for key in given if key != "command"}))
    if given["command"] in KEPT:
        return Options(command="kept", kept=kept_options(given))
    return Options(**cast("dict[str, str]", given))  # type: ignore[arg-type] # argparse checked them


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flowai-harness", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"flowai-harness {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="talk to the agents", description="Talk to the agents in a terminal."))
    check = commands.add_parser(
        "check", help="check the wiring", description="Check the wiring; show the policy and the agents."
    )
    check.add_argument("--app", required=True, metavar="MODULE:ATTRIBUTE", help=APP_HELP)
    add_kept(commands.add_parser)
    add_eval(commands.add_parser("eval", help="measure how well agents do", description="Run and read evaluations."))
    dev = commands.add_parser("dev", help="open Studio (announced, not there yet)", description="Open Studio.")
    dev.add_argument("--app", default="", metavar="MODULE:ATTRIBUTE", help=APP_HELP)
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("prompt", nargs="?", help="what to ask; without it a chat begins")
    run.add_argument("--app", required=True, metavar="MODULE:ATTRIBUTE", help=APP_HELP)
    run.add_argument("--storage", metavar="URL", help=STORAGE_HELP)
    run.add_argument("--thread", default="terminal", metavar="ID", help="the conversation to go on with")
    run.add_argument("--specialist", metavar="NAME", help="talk to this specialist instead of the coordinator")
    run.add_argument("--yes", action="store_true", help="approve everything without asking")
    run.add_argument("--json", action="store_true", help="print one JSON object an event and nothing else")


def _version() -> str:
    try:
        return version("flowai-harness")
    except PackageNotFoundError:
        return "(not installed)"
