"""Journals of every release: today's code reads what each one kept, and goes on with it."""

import asyncio
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from flowai import Do, LoadRef, program
from flowai.effects.families import References
from flowai.errors import LimitReached
from flowai.interpreters.run_record import RunRecord
from flowai.specs.handle import Handle
from flowai_harness import Happened, Runtime
from tests.durable.storage import SERVER
from tests.harness.desk import until
from tests.journals.desk import Deeds, living, timeless
from tests.journals.server import address_of, load

HERE = Path(__file__).parent
RELEASES = sorted(path.parent.name for path in HERE.glob("*/runs.zip"))

WAITING = {"plan": "plan", "dropping": "tool", "program": "program"}
"""The threads whose runs wait for a human, and what kind of approval each waits for."""

STATUSES = {
    **dict.fromkeys(WAITING, "paused"),
    **dict.fromkeys(("settled", "repeated"), "running"),
    "finished": "finished",
    "cancelled": "cancelled",
}


@pytest.fixture(params=[(release, kind) for release in RELEASES for kind in ("zip", "sql")], ids="-".join)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a copy of what a release kept."""
    release, kind = request.param
    source = HERE / release / f"runs.{kind}"
    if kind == "zip":
        with ZipFile(source) as files:
            files.extractall(tmp_path)
        return f"sqlite:///{tmp_path / 'runs.db'}"
    server = os.environ.get(SERVER)
    if server is None:
        pytest.skip(f"`{SERVER}` names no PostgreSQL server; `.ci/postgres run COMMAND` starts one")
    schema = f"flowai_test_{uuid.uuid4().hex}"
    load(source, server, schema)
    return address_of(server, schema)


def opened(storage: str, by: Callable[[str, Deeds], Runtime] = living) -> tuple[Deeds, Runtime]:
    deeds = Deeds()
    return deeds, by(storage, deeds)


def run_of(here: Runtime, thread: str) -> RunRecord:
    [found] = here.runs(thread_id=thread)
    return found


def check_journal(here: Runtime, run_id: str) -> None:
    assert here.verify(run_id) > 0
    numbers = [event.seq for event in here.events(run_id)]
    assert numbers == list(range(1, len(numbers) + 1))


async def ended(here: Runtime, thread: str, decision: Any) -> Any:
    """Answer what a run waits for, let it end, and return its output; what was told before stays as it was told."""
    run_id = run_of(here, thread).run_id
    before = here.events(run_id)
    [waiting] = here.pending_approvals(thread_id=thread)
    await here.respond_to_approval(waiting.approval_id, decision, principal="ana")
    run = await here.resume(run_id)
    check_journal(here, run_id)
    after = here.events(run_id)
    assert after[: len(before)] == before
    told = [event.type for event in after[len(before) :]]
    assert (told[:2], told[-1]) == (["run_resumed", "approval_resolved"], "run_finished")
    return run.output


def test_there_are_journals_of_releases() -> None:
    assert "0.1.0" in RELEASES


def test_everything_is_listed_and_sound(kept: str) -> None:
    _, here = opened(kept)
    assert {each.thread_id: each.status for each in here.runs()} == STATUSES
    assert {each.thread_id: each.kind for each in here.pending_approvals()} == WAITING
    assert here.check_storage() == []
    for each in here.runs():
        check_journal(here, each.run_id)


def test_a_plan_that_waits_is_approved_and_executed(kept: str) -> None:
    deeds, here = opened(kept)
    assert asyncio.run(ended(here, "plan", "approve")) == "done"
    assert deeds.done == ["buy 1", "mark 1"]
    [plan] = [event for event in here.events(run_of(here, "plan").run_id) if event.type == "plan_stored"]
    assert here.plan(plan.plan_id).status == "EXECUTED"


@pytest.mark.parametrize(("decision", "done"), [("approve", ["drop 60"]), ("reject", [])])
def test_a_call_that_waits_is_made_once_or_not_at_all(kept: str, decision: str, done: list[str]) -> None:
    deeds, here = opened(kept)
    assert asyncio.run(ended(here, "dropping", decision)) == "done"
    assert deeds.done == done


def test_a_program_that_waits_does_what_is_left_of_it(kept: str) -> None:
    deeds, here = opened(kept, timeless)
    assert asyncio.run(ended(here, "program", "approve")) == [70, 71]
    assert deeds.done == ["send 71"]


@pytest.mark.parametrize(
    ("thread", "decision", "done"),
    [("settled", Happened("send 20"), []), ("repeated", "run_again", ["send 30"])],
)
def test_a_write_that_a_kill_left_in_doubt_is_not_repeated_unasked(
    kept: str, thread: str, decision: Any, done: list[str]
) -> None:
    deeds, here = opened(kept)

    async def whole() -> None:
        run = here.resume(run_of(here, thread).run_id)
        asked: Any = await until(run, "approval_required")
        assert (asked.kind, deeds.done) == ("in_doubt", [])
        [waiting] = here.pending_approvals(thread_id=thread)
        assert await ended(here, thread, decision) == "done"
        assert deeds.done == done
        assert deeds.keys == [waiting.subject["idempotency_key"]] * len(done)

    asyncio.run(whole())


@pytest.mark.parametrize("thread", ["finished", "cancelled"])
def test_a_run_that_was_over_stays_as_it_was(kept: str, thread: str) -> None:
    deeds, here = opened(kept)
    record = run_of(here, thread)
    before = here.events(record.run_id)
    assert before[-1].type == f"run_{thread}"
    run = here.resume(record.run_id)
    assert run.is_finished
    assert (here.events(record.run_id), run_of(here, thread), deeds.done) == (before, record, [])


@program
def reading(handle: str) -> Do[References, Any]:
    return (yield from LoadRef(Handle.parse(handle)))


def test_what_was_stored_is_there_with_its_glimpse(kept: str) -> None:
    _, here = opened(kept)
    events = here.events(run_of(here, "finished").run_id)
    stored: Any = next(event for event in events if event.type == "reference_stored")
    assert stored.glimpse == 2

    async def whole() -> Any:
        return (await here.run_program(reading(f"{stored.kind}:{stored.id}"))).output

    assert asyncio.run(whole()) == [40, 41]


def test_what_a_thread_has_used_is_still_used(kept: str) -> None:
    deeds, here = opened(kept)
    # Of five calls the run that is kept made two.
    here.blocking.run_specialist("reader", "order 80", thread_id="finished")
    with pytest.raises(LimitReached):
        here.blocking.run_specialist("reader", "order 90", thread_id="finished")
    assert deeds.done == ["look 80", "look 80", "look 90"]
