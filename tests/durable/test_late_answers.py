"""Answers that come while a run changes hands: somebody goes on with it, whoever that is."""

import asyncio
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from flowai.errors import ApprovalConflict
from flowai.interpreters.drive import Drive
from flowai.interpreters.opening import Opening
from flowai_harness import Calls, Runtime
from tests.durable.shop import Deeds, shop
from tests.harness.desk import turned_until, until

STEPS = (Calls("drop", row=2), "done")


def pair(path: Path) -> tuple[Deeds, Runtime, Runtime]:
    deeds = Deeds()
    return deeds, shop(path, deeds, *STEPS), shop(path, deeds, *STEPS)


async def asked(runtime: Runtime) -> Drive:
    """Begin a run that asks a human; returns what drives it."""
    await until(runtime.run_specialist("clerk", "go", thread_id="t"), "approval_required")
    [active] = runtime.threads.active()
    return active.drive


def is_quiet(drive: Drive) -> bool:
    """Say whether the run could be let go, were it not held."""
    return drive.session.is_idle(only_paused=True) and not drive.waiters.are_there


def waiting(runtime: Runtime) -> str:
    [approval] = runtime.pending_approvals()
    return approval.approval_id


async def answered_unheard(drive: Drive, elsewhere: Runtime) -> None:
    """Approve from elsewhere while a run is still driven here: the answer stands in the store, for it to find."""
    with drive.parking.held():
        await turned_until(lambda: is_quiet(drive))
        await elsewhere.respond_to_approval(waiting(elsewhere), "approve", principal="ana")


def gone(_: Opening, drive: Drive) -> None:
    """Hear of nothing any more, as a process that has ended."""
    assert drive.left_waiting


async def finished(deeds: Deeds, reader: Runtime) -> None:
    await turned_until(lambda: [each.status for each in reader.runs()] == ["finished"])
    assert deeds.done == ["drop 2"]


def test_an_answer_in_the_moment_of_letting_go_is_heard_by_who_lets_go(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds, first, second = pair(tmp_path)
        drive = await asked(first)
        await answered_unheard(drive, second)
        assert deeds.done == []
        assert drive.parking.park(only_paused=True)
        await finished(deeds, second)

    asyncio.run(whole())


class Slow:
    """A shelf on which an answer is written only after somebody else has let the run go."""

    def __init__(self, shelf: Any, letting_go: Drive) -> None:
        self._shelf = shelf
        self._letting_go = letting_go

    def answer(self, *given: Any) -> None:
        assert self._letting_go.parking.park(only_paused=True)
        self._shelf.answer(*given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shelf, name)


def test_an_answer_after_the_run_was_let_go_is_heard_by_who_answers(tmp_path: Path) -> None:
    async def whole() -> None:
        deeds, first, second = pair(tmp_path)
        drive = await asked(first)
        with drive.parking.held():
            await turned_until(lambda: is_quiet(drive))
            approval = waiting(second)
        second.shelf = Slow(second.shelf, drive)  # type: ignore[assignment] # pyright: ignore[reportAttributeAccessIssue]
        await second.respond_to_approval(approval, "approve", principal="ana")
        await finished(deeds, second)

    asyncio.run(whole())


def test_a_run_that_was_answered_while_no_process_was_there_is_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Once a process has let go, it hears of nothing any more.
    monkeypatch.setattr(Opening, "_parked", gone)

    async def whole() -> None:
        deeds, first, second = pair(tmp_path)
        drive = await asked(first)
        await answered_unheard(drive, second)
        assert drive.parking.park(only_paused=True)
        assert deeds.done == []
        third = shop(tmp_path, deeds, *STEPS)
        [recovered] = third.recover()
        assert (await recovered).output == "done"
        assert deeds.done == ["drop 2"]

    asyncio.run(whole())


def test_a_run_that_waits_for_a_human_is_not_recovered(tmp_path: Path) -> None:
    async def whole() -> None:
        _, first, second = pair(tmp_path)
        await asked(first)
        await turned_until(lambda: not first.threads.active())
        assert second.recover() == []
        assert [each.status for each in second.runs()] == ["paused"]

    asyncio.run(whole())


def test_an_answer_goes_to_whoever_has_taken_the_run_up_while_it_is_let_go_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first runtime has let the run go, and has not forgotten it yet.
    monkeypatch.setattr(Opening, "_parked", gone)

    async def whole() -> None:
        deeds, first, second = pair(tmp_path)
        drive = await asked(first)
        await turned_until(lambda: is_quiet(drive))
        assert drive.parking.park(only_paused=True)
        [record] = second.runs()
        taken_up = asyncio.ensure_future(_over(second, record.run_id))
        await turned_until(lambda: not first.shelf.is_free("acme", record.run_id))
        await first.respond_to_approval(waiting(first), "approve", principal="ana")
        assert await taken_up == "done"
        assert deeds.done == ["drop 2"]

    asyncio.run(whole())


async def _over(runtime: Runtime, run_id: str) -> object:
    return (await runtime.resume(run_id)).output


def test_whether_a_run_waits_may_be_asked_in_the_moment_of_letting_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def whole() -> None:
        _, first, _ = pair(tmp_path)
        drive = await asked(first)
        # Another thread lets the run go after the first look.
        looks = chain([vars(drive)["_session"]], repeat(None))
        with monkeypatch.context() as patched:
            patched.setattr(Drive, "_session", property(lambda _: next(looks)), raising=False)
            assert drive.is_paused

    asyncio.run(whole())


def test_an_answer_while_another_one_takes_the_run_up_finds_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deeds, first, _ = pair(tmp_path)
    returned = vars(Opening)["_returned"]

    def answered(opening: Opening, drive: Drive) -> None:
        returned(opening, drive)
        monkeypatch.undo()
        first.blocking.respond_to_approval(waiting(first), "reject", principal="ben")

    monkeypatch.setattr(Opening, "_returned", answered)

    async def whole() -> None:
        drive = await asked(first)
        await turned_until(lambda: not first.threads.active())
        with pytest.raises(ApprovalConflict):
            await first.respond_to_approval(waiting(first), "approve", principal="ana")
        await turned_until(lambda: drive.finished)
        assert ([each.status for each in first.runs()], deeds.done) == (["finished"], [])

    asyncio.run(whole())
