"""The command `flowai-harness`: talk to agents in a terminal and check how they are wired."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    0 means done, 1 that a run failed, was refused, or has faults, 2 that the command cannot be meant.

    Example:
        >>> main(["check", "--app", "nowhere"])
        2
    """
    # What a command needs is loaded by the command, so that `--version` and mistakes answer at once.
    from flowai.cli.arguments import parse_arguments

    try:
        options = parse_arguments(argv)
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else 2
    from flowai.cli.commands import perform

    return perform(options)
