"""Counterfactual runs: what would have come of it, had one answer been another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowai.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flowai.interpreters.interpreter import Interpreter
    from flowai.interpreters.recording import Recording
    from flowai.interpreters.run import Run


def fork(
    run: str | Path | Run[Any] | Recording,
    target: Any,
    interpreter: Interpreter[Any],
    *,
    at: str,
    allow: Sequence[str] = (),
) -> Run[Any]:
    """Replay a run up to a position, go on under another interpreter, and return the new run at its end.

    Args:
        run: the run, its recording, or a file of it.
        target: the runtime it ran on, or the program it was.
        interpreter: who answers from there on.
        at: the first position that is answered anew, as events show it.
        allow: the tools whose writes really happen; the others are answered by the recording, or fail.

    Raises:
        SpecError: the recording is not of a run of this target.
        ProgramError: nothing was asked at this position.

    Example:
        >>> from flowai import DrawNumber
        >>> from flowai.interpreters import Test
        >>> first = Test(seed=1).run(DrawNumber(1, 6))
        >>> fork(first, DrawNumber(1, 6), Test(seed=2), at="0").recording.records["parent"]["run_id"] == first.run_id
        True
    """
    from flowai.evals.from_run import recording_of
    from flowai.interpreters.fork import Fork
    from flowai.interpreters.runtime import Runtime

    recording = recording_of(run)
    forked: Fork[Any] = Fork(interpreter, recording, at=at, allow=allow)
    if not isinstance(target, Runtime):
        return forked.run(target)
    first = next(iter(recording), None)
    if first is None or first.get("effect") != "CallAgent":
        raise SpecError("the recording is not of an agent that was asked", hint="give the program as the target")
    asked = first["arguments"]
    return (
        target.under(forked)
        .ask(asked["agent"], asked["prompt"], thread_id=recording.records["thread_id"], apart=True)
        .wait()
    )
