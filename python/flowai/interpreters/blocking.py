"""The verbs of a runtime for callers without a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowai.interpreters.pending_approval import PendingApproval
    from flowai.interpreters.run import Run
    from flowai.interpreters.runtime import Runtime
    from flowai.specs.decision import DecisionLike


class Blocking:
    """A runtime that is asked from ordinary code; its runs go on in the background.

    Example:
        `run = runtime.blocking.query("Say hello", thread_id="thread-1"); print(run.output)`
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def query(self, message: str, *, thread_id: str, **options: Any) -> Run[Any]:
        """Ask the coordinator and return the run at its end.

        Takes what `Runtime.query` takes; works inside a running loop too, which stands still meanwhile.

        Raises:
            BaseException: What ended the run.
            FlowaiError: The run needs the very loop that this thread runs.
        """
        return _ended(self._runtime.ask(None, message, thread_id=thread_id, apart=True, **options))

    def run_specialist(self, name: str, message: str, **options: Any) -> Run[Any]:
        """Ask one agent and return the run at its end."""
        return _ended(self._runtime.ask(name, message, apart=True, **options))

    def respond_to_approval(self, approval_id: str, decision: DecisionLike, **options: Any) -> None:
        """Answer an approval."""
        self._runtime.respond_here(approval_id, decision, apart=True, **options)

    def undo(self, plan_id: str, actions: Sequence[int] | None = None, **options: Any) -> Run[Any]:
        """Take back what a plan did and return the run at its end.

        Raises:
            BaseException: What ended the run.
        """
        return _ended(self._runtime.undo(plan_id, actions, **options))

    def pending_approvals(self, **options: Any) -> list[PendingApproval]:
        """Return what waits for a human."""
        return self._runtime.pending_approvals(**options)


def _ended(run: Run[Any]) -> Run[Any]:
    run.wait()
    _ = run.value
    return run
