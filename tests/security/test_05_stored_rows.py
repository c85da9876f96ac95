"""Row 5: whatever somebody writes into a store, its run is refused by a typed error, and other runs go on."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowai.errors import FlowaiError, JournalBroken
from flowai_harness import Calls, Runtime
from tests.durable.shop import Deeds, left, shop

STEPS = (Calls("look", row=1), Calls("drop", row=2), "done")
PAYLOADS: list[Any] = [
    json.dumps({"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {"command": "id"}}),
    json.dumps({"__class__": "Bomb", "__module__": "builtins"}),
    "cos\nsystem\n(S'id'\ntR.",
    '"\\ud800"',
    "[" * 100_000,
    "NaN",
    "{}",
    "",
    5,
    None,
]
ROWS = {
    "records": "UPDATE records SET body = ? WHERE run_id = ? AND seq = 3",
    "runs": "UPDATE runs SET body = ? WHERE id = ? AND 3 = 3",
}


async def tampered(path: Path, sql: str, payload: object) -> tuple[Runtime, str, str, Deeds]:
    """Leave two runs, write into a row of the first; return a new runtime with that run and the other's approval."""
    deeds = Deeds()
    runtime = shop(path, deeds, *STEPS)
    runs = [runtime.run_specialist("clerk", "go", thread_id=f"thread-{number}") for number in range(2)]
    approvals = [await left(runtime, run) for run in runs]
    with closing(sqlite3.connect(path / "runs.db")) as database, database:
        assert database.execute(sql, (payload, runs[0].run_id)).rowcount == 1
    return shop(path, deeds, *STEPS), runs[0].run_id, approvals[1], deeds


# That a run has a body is for the database to see to.
WRITTEN = [(table, payload) for table in ROWS for payload in PAYLOADS if (table, payload) != ("runs", None)]


@pytest.mark.parametrize(("table", "payload"), WRITTEN)
def test_a_payload_in_a_row_is_refused_and_another_run_goes_on(tmp_path: Path, table: str, payload: Any) -> None:
    async def whole() -> None:
        runtime, run_id, other, deeds = await tampered(tmp_path, ROWS[table], payload)
        verbs: list[Callable[[str], object]] = [runtime.resume, runtime.events, runtime.verify]
        for verb in verbs:
            with pytest.raises(JournalBroken, match=run_id):
                verb(run_id)
        await runtime.respond_to_approval(other, "approve", principal="ana")
        [waiting] = [each for each in runtime.pending_approvals() if each.approval_id != other]
        assert waiting.run_id == run_id
        assert deeds.done == ["look 1", "look 1"]

    asyncio.run(whole())


def test_a_broken_record_is_named_by_its_run_and_position(tmp_path: Path) -> None:
    async def whole() -> None:
        runtime, run_id, _, _ = await tampered(tmp_path, ROWS["records"], "{}")
        with pytest.raises(JournalBroken, match=f"the journal of `{run_id}` is broken at record 3"):
            runtime.verify(run_id)

    asyncio.run(whole())


def test_no_python_object_can_be_written_into_a_row(tmp_path: Path) -> None:
    async def whole() -> None:
        for sql in ROWS.values():
            with pytest.raises(sqlite3.IntegrityError, match="cannot store BLOB"):
                await tampered(tmp_path / sql[7:11], sql, b"\x80\x04K\x01.")

    for sql in ROWS.values():
        (tmp_path / sql[7:11]).mkdir()
    asyncio.run(whole())


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.text(max_size=60).map(lambda text: text.replace("\0", "")) | st.integers(-(2**63), 2**63 - 1))
def test_whatever_is_written_into_a_record_its_run_is_refused(
    tmp_path_factory: pytest.TempPathFactory, written: str | int
) -> None:
    async def whole() -> None:
        runtime, run_id, _, deeds = await tampered(tmp_path_factory.mktemp("store"), ROWS["records"], written)
        with pytest.raises(JournalBroken):
            runtime.resume(run_id)
        with pytest.raises(FlowaiError):
            runtime.events(run_id)
        assert deeds.done == ["look 1", "look 1"]

    asyncio.run(whole())
