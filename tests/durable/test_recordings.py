"""The recording of a kept run comes back from the store as the process that ran it had it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowai import CallModel, CallTool, Clock, Do, DrawNumber, Models, ReadClock, Sleep, Tools, gather, program
from flowai.effects.families import Chance
from flowai.errors import ReplayMismatch, RunNotFound, StorageError
from flowai.interpreters import Eval, Live, Recording, Run, Test
from flowai_harness import Runtime, TestingConfig, create_runtime
from tests.evals import shop
from tests.harness.desk import until

EVERY_TEST = TestingConfig(script=[])
DRAWN: list[int] = [6]
"""What the program below draws up to, so that a test may change the program."""


@program
def errand(sku: str) -> Do[Models | Tools | Clock | Chance, str]:
    """Ask at once for what a schedule orders, then wait."""
    found, _, drawn = yield from gather(CallTool(shop.find, query=sku), ReadClock(), DrawNumber(1, DRAWN[0]))
    yield from Sleep(0.001)
    said = yield from CallModel("any", f"{found} {drawn}")
    return f"{said} {sku}"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/runs.db"


@pytest.fixture
def _as_it_was() -> Iterator[None]:
    yield
    DRAWN[:] = [6]


def elsewhere(url: str) -> Runtime:
    """A runtime as another process would make it, which knows no script."""
    return create_runtime(shop.spec, testing=EVERY_TEST, storage=url)


def live() -> Live[Any]:
    return Live().handling(CallModel, lambda call: f"about {call.model}")


def told(recording: Recording) -> dict[str, Any]:
    """All of a recording but when its last answer came: once a journal is at its end, the clock is today's again."""
    last = {name: value for name, value in recording.records["entries"][-1].items() if name != "at"}
    return {**recording.records, "entries": [*recording.records["entries"][:-1], last]}


@pytest.mark.parametrize(
    "interpreter", [Test(script=["yes"], seed=7), Test(script=["yes"]), live()], ids=["seeded", "test", "live"]
)
def test_a_recording_of_the_store_is_that_of_the_run(interpreter: Any, url: str) -> None:
    run: Run[str] = create_runtime(shop.spec, interpreter=interpreter, storage=url).run_program(errand("A-1")).wait()
    kept = elsewhere(url).recording(run.run_id)
    assert told(kept) == told(run.recording)
    assert Eval(Test()).replay(kept).run(errand("A-1")).value == run.value


def test_an_agent_that_failed_has_a_recording_too(url: str) -> None:
    runtime = create_runtime(shop.spec, testing=TestingConfig(script=[]), storage=url)
    failed = runtime.run_specialist("clerk", "hello").wait()
    assert failed.result.failure()
    assert elsewhere(url).recording(failed.run_id) == failed.recording


def test_reading_a_recording_leaves_the_thread_free(url: str) -> None:
    testing = TestingConfig(script=["hello"])
    runtime = create_runtime(shop.spec, testing=testing, storage=url)
    run = runtime.blocking.run_specialist("clerk", "hello", thread_id="t")
    other = create_runtime(shop.spec, testing=testing, storage=url)
    assert isinstance(other.recording(run.run_id), Recording)
    assert other.blocking.run_specialist("clerk", "hello", thread_id="t").output == "hello"


def test_a_run_that_waits_has_none_yet_and_is_left_alone(url: str) -> None:
    testing = TestingConfig(script=shop.script())
    runtime = create_runtime(shop.spec, testing=testing, storage=url)

    async def asked() -> str:
        run = runtime.run_specialist("clerk", "Order three red ones")
        await until(run, "run_paused")
        return run.run_id

    waiting = asyncio.run(asked())
    with pytest.raises(StorageError, match="is not over"):
        elsewhere(url).recording(waiting)
    assert [each.status for each in elsewhere(url).runs()] == ["paused"]


def test_what_is_not_there_is_not_found(url: str) -> None:
    with pytest.raises(RunNotFound, match="run-9"):
        elsewhere(url).recording("run-9")


def test_an_erased_run_has_none(url: str) -> None:
    runtime = create_runtime(shop.spec, testing=TestingConfig(script=["hello"]), storage=url)
    run = runtime.blocking.run_specialist("clerk", "hello", thread_id="t")
    assert runtime.erase_thread("t") > 0
    with pytest.raises(StorageError, match="was erased"):
        elsewhere(url).recording(run.run_id)


@pytest.mark.usefixtures("_as_it_was")
def test_a_program_that_changed_meanwhile_is_said_to_have(url: str) -> None:
    runtime = create_runtime(shop.spec, interpreter=Test(script=["yes"]), storage=url)
    run: Run[str] = runtime.run_program(errand("A-1")).wait()
    DRAWN[:] = [8]
    with pytest.raises(ReplayMismatch):
        elsewhere(url).recording(run.run_id)
