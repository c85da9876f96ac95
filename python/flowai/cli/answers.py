"""Answering what waits in a store, and going on with its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console

from flowai.cli.application import AppUnusable
from flowai.cli.edits import add_edit
from flowai.cli.follow import Follower
from flowai.cli.place import Place
from flowai.cli.review import Leaving, Person
from flowai.cli.shown import is_action, safe
from flowai.cli.terminal import is_attended
from flowai.errors import ApprovalError, RunOwned, UnknownApproval
from flowai.events import RunCancelled, RunFailed, RunFinished
from flowai.specs.decision import Approve, Failed, Happened, Reject, RunAgain

if TYPE_CHECKING:
    from flowai.cli.kept_arguments import KeptOptions
    from flowai.events import Event
    from flowai.interpreters import PendingApproval, Runtime
    from flowai.specs.decision import Decision


async def answer(runtime: Runtime, options: KeptOptions) -> bool:
    """Answer an approval and go on with its run; return whether nothing failed.

    Raises:
        ApprovalError: It is unknown, too late, answered otherwise, or the answer does not fit; nothing was decided.
    """
    kept = runtime.shelf.approval(options.tenant or runtime.spec.tenant.id, options.approval_id)
    if kept is None:
        hint = "`approvals` lists those that wait"
        raise UnknownApproval(f"there is no approval `{options.approval_id}`", hint=hint)
    _check_doubt(runtime, options)
    follower = _follower(runtime, options)
    before = runtime.events(kept["run_id"], tenant=options.tenant)
    await runtime.respond_to_approval(
        options.approval_id, _decision(runtime, options), principal=options.principal, tenant=options.tenant
    )
    follower.console.print(safe(f"{options.verb}: {options.approval_id}", "bold yellow"), soft_wrap=True)
    went_on = await _go_on(follower, kept["run_id"], before)
    # A write that is made again after its run is over is a run of its own.
    others = [each.run for each in runtime.threads.active() if each.run_id != kept["run_id"]]
    return all([went_on, *[await follower.follow(each) for each in others]])


async def resume(runtime: Runtime, options: KeptOptions) -> bool:
    """Go on with a kept run; return whether it was answered, or waits.

    Raises:
        RunNotFound: There is no such run.
        RunOwned: Another process drives it.
    """
    run_id = options.run_id or ""
    after = _last(runtime.events(run_id, tenant=options.tenant))
    return await _follower(runtime, options).follow(runtime.resume(run_id, tenant=options.tenant), after)


async def _go_on(follower: Follower, run_id: str, before: list[Event]) -> bool:
    try:
        run = follower.runtime.resume(run_id, tenant=follower.place.tenant)
    except RunOwned:
        follower.console.print(safe(f"another process drives `{run_id}`, and goes on with it", "dim"), soft_wrap=True)
        return True
    # How a run ended before it was answered for is no failure of the answer.
    was_over = any(isinstance(each, RunFinished | RunFailed | RunCancelled) for each in before)
    return await follower.follow(run, _last(before), was_over=was_over)


def _last(events: list[Event]) -> int:
    """Return the number of the last event, so that only what is new is shown."""
    return max((each.seq or 0 for each in events), default=0)


def _follower(runtime: Runtime, options: KeptOptions) -> Follower:
    console = Console(stderr=options.json, highlight=False)
    place = Place(app=options.app, storage=options.storage, tenant=options.tenant)
    reviewer = Leaving(Person(console) if is_attended() else None)
    return Follower(runtime, place, console, reviewer, options.principal, as_json=options.json)


def _check_doubt(runtime: Runtime, options: KeptOptions) -> None:
    """A yes or a no does not say what became of a write, and at night each is read as it is wished."""
    if options.verb != "settle" and any(each.kind == "in_doubt" for each in _pending(runtime, options)):
        hint = f"look there, then write `settle {options.approval_id}` with `happened`, `run_again` or `failed`"
        raise ApprovalError(f"`{options.verb}` does not say what became of a write in doubt", hint=hint)


def _decision(runtime: Runtime, options: KeptOptions) -> Decision:
    match options.verb, options.settlement:
        case "reject", _:
            return Reject(options.reason)
        case "settle", "happened":
            return Happened(options.result, options.reason)
        case "settle", "run_again":
            return RunAgain(options.reason)
        case "settle", _:
            return Failed(options.reason)
        case _:
            edits: dict[Any, Any] = {}
            for line in options.edits:
                add_edit(edits, line)
            return Approve(actions=_chosen(runtime, options), edits=edits or None, reason=options.reason)


def _chosen(runtime: Runtime, options: KeptOptions) -> list[int] | None:
    """Return the actions that may run; all of them where none are named."""
    if options.excepted is None:
        return options.only
    known = [card["index"] for each in _pending(runtime, options) for card in each.cards if is_action(card)]
    unknown = [each for each in options.excepted if each not in known]
    if unknown:
        there = f"it has {', '.join(map(str, known))}" if known else "it has no actions"
        raise AppUnusable(f"`--except` names action {unknown[0]}, which is not there", hint=there)
    return [each for each in known if each not in options.excepted]


def _pending(runtime: Runtime, options: KeptOptions) -> list[PendingApproval]:
    every = runtime.pending_approvals(tenant=options.tenant)
    return [each for each in every if each.approval_id == options.approval_id]
