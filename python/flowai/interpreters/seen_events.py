"""What a run told, in JSON types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowai.interpreters.run import Run
    from flowai.specs.decision import Decision


def events_of(run: Run[Any]) -> list[dict[str, Any]]:
    """Return every lasting event of a run, without making an object of each.

    Example:
        >>> from flowai import pure
        >>> from flowai.interpreters import Test
        >>> [event["type"] for event in events_of(Test().run(pure(3)))]
        ['run_started', 'run_finished']
    """
    return run.drive.session.events(0)


async def finished(run: Run[Any]) -> BaseException | None:
    """Wait for the end of a run and return what ended it before its time, if something did."""
    await run.drive.finish()
    try:
        _ = run.value
    except Exception as error:  # noqa: BLE001 — whatever ended the run is its outcome
        return error
    return None


async def settled(run: Run[Any]) -> BaseException | None:
    """Wait as `finished` does; a run that waits for a human whom nobody plays is cancelled."""
    async for event in run:
        if event.type == "run_paused":
            run.cancel("nobody answers")
    return await finished(run)


def respond(run: Run[Any], approval_id: str, decision: Decision) -> None:
    """Answer an approval that a run waits for, on its loop; the run goes on."""
    drive = run.drive
    drive.session.decide(approval_id, decision.to_json(), "evals", drive.clock())
    drive.go_on(in_background=False)
