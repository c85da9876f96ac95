"""Who answers a case: the test interpreter by its script, real models, or a recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import SpecError
from flowai.specs.names import did_you_mean

if TYPE_CHECKING:
    from flowai.evals.case import TestCase
    from flowai.interpreters.eval import Eval
    from flowai.interpreters.interpreter import Interpreter

WORDS = ("test", "live", "replay")
"""What `interpreter=` may say; without it a case is answered by its recording, its script, or as its target is."""

Chosen = "str | Interpreter[Any] | None"


def answering(chosen: Any, case: TestCase, own: Interpreter[Any] | None, folder: Path) -> Eval[Any]:
    """Return the interpreter of a case, which records.

    Raises:
        SpecError: Nobody answers the case.
    """
    from flowai.interpreters.eval import Eval
    from flowai.interpreters.interpreter import Interpreter

    if isinstance(chosen, Interpreter):
        return Eval(cast("Any", chosen))
    if chosen == "replay" or (chosen is None and case.recording is not None):
        return _replaying(case, folder)
    if chosen == "test" or (chosen is None and case.testing is not None):
        return Eval(_scripted(case, own))
    if chosen == "live":
        from flowai.interpreters.live import Live

        return Eval(own if isinstance(own, Live) else Live())
    if own is not None:
        return own if isinstance(own, Eval) else Eval(own)
    hint = "give the case a `script`, a `mock_response` or a `recording`, or choose an interpreter"
    raise SpecError("nobody answers the models", where=f"test case `{case.id}`", hint=hint)


def check_chosen(chosen: Any) -> None:
    """Refuse a word that names no interpreter.

    Raises:
        SpecError: It names none.
    """
    if isinstance(chosen, str) and chosen not in WORDS:
        raise SpecError(f"there is no interpreter `{chosen}` for evals", hint=did_you_mean(chosen, WORDS))


def _scripted(case: TestCase, own: Interpreter[Any] | None) -> Interpreter[Any]:
    from flowai.interpreters.test import Test

    if case.testing is not None:
        testing = case.testing
        # Nobody is there who could answer later: an approval that the case does not answer fails it.
        return Test.of(testing if testing.decisions is not None else replace(testing, decisions=()))
    if own is not None and own.is_virtual:
        return own
    hint = "give it a `script` or a `mock_response`"
    raise SpecError("the case says nothing of what models answer", where=f"test case `{case.id}`", hint=hint)


def _replaying(case: TestCase, folder: Path) -> Eval[Any]:
    from flowai.evals.recording_file import load_recording
    from flowai.interpreters.eval import Eval
    from flowai.interpreters.test import Test

    if case.recording is None:
        hint = "`flowai-harness eval case-from-run` makes a case with one"
        raise SpecError("the case has no recording", where=f"test case `{case.id}`", hint=hint)
    return Eval(Test()).replay(load_recording(folder / case.recording))
