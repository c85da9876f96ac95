"""The commands, and how each tells that it failed."""

from __future__ import annotations

import asyncio
import os
import sys

from flowai.cli.application import AppUnusable, load_app
from flowai.cli.arguments import Options
from flowai.cli.shown import told
from flowai.errors import FlowaiError, SpecError

DONE, FAILED, UNUSABLE = 0, 1, 2

DEV_HINT = "until then `flowai-harness run` talks to your agents and `flowai-harness check` shows their wiring"


def perform(options: Options) -> int:
    """Perform a command and return the exit code."""
    try:
        return _COMMANDS[options.command](options)
    except AppUnusable as error:
        return _complain(error, UNUSABLE)
    except FlowaiError as error:
        return _complain(error, FAILED)
    except BrokenPipeError:
        # Whoever read the output has left; the exit of Python must not write to them again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return FAILED


def _run(options: Options) -> int:
    from flowai.cli.chat import chat

    return DONE if asyncio.run(chat(options)) else FAILED


def _check(options: Options) -> int:
    from flowai.cli.check import check, show_faults

    try:
        found = load_app(options.app)
    except SpecError as error:
        show_faults(error.faults)
        return FAILED
    return DONE if check(found) else FAILED


def _eval(options: Options) -> int:
    from flowai.cli.evals import evaluate

    if options.evals is None:
        return UNUSABLE
    return DONE if evaluate(options.evals) else FAILED


def _kept(options: Options) -> int:
    from flowai.cli.kept import perform_kept

    if options.kept is None:
        return UNUSABLE
    return DONE if perform_kept(options.kept) else FAILED


def _dev(_: Options) -> int:
    return _complain(FlowaiError("`dev` opens Studio, which is announced and not there yet", hint=DEV_HINT), UNUSABLE)


def _complain(error: FlowaiError, code: int) -> int:
    print(f"error: {told(str(error))}", file=sys.stderr)
    return code


_COMMANDS = {"run": _run, "check": _check, "eval": _eval, "kept": _kept, "dev": _dev}
