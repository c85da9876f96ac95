"""Results in a store: each line is what a small kept run came to; one writer at a time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowai.effects.effect import Effect
from flowai.errors import StorageError
from flowai.evals.runs.folder import VERSION, ResultStore, check_same, last_lines
from flowai.evals.runs.written import dumps, sample_json, sample_of
from flowai.programs import Do, program

if TYPE_CHECKING:
    from flowai.evals.runs.sample import Sample
    from flowai.interpreters.run import Run
    from flowai.interpreters.runtime import Runtime

TENANT = "flowai-evals"
"""Whose the lines are, so that no runtime of yours lists them among its runs."""


@dataclass(frozen=True)
class Attend(Effect[None]):
    """Write the results of an evaluation, until there are no more."""


@program
def kept_line(line: dict[str, Any]) -> Do[Attend, dict[str, Any]]:
    """Come to one line."""
    yield from ()
    return line


@program
def written_by_one() -> Do[Attend, None]:
    """Be at work as long as somebody writes."""
    yield from Attend()


class StoredResults(ResultStore):
    """The results of one evaluation in a store, by its name; the recordings of its samples are kept too.

    Raises:
        StorageError: another writer has it, it holds another evaluation, or the store cannot be opened.
    """

    def __init__(self, storage: str, name: str, header: Mapping[str, Any], *, fresh: bool = False) -> None:
        # A thread without a loop, from which a run can be waited for wherever the evaluation runs.
        self._desk = ThreadPoolExecutor(1, "flowai-results")
        self._name, self._storage = name, storage
        try:
            self._desk.submit(self._open, {"type": "header", "version": VERSION, **header}, fresh).result()
        except BaseException:
            self._desk.shutdown()
            raise

    def _open(self, header: dict[str, Any], fresh: bool) -> None:  # noqa: FBT001 — handed to a thread
        self._runtime = _archive(self._storage)
        self._writer = self._claimed()
        try:
            lines = [] if fresh else _lines(self._runtime, self._name)
            if lines:
                check_same(lines[0], header, f"{self._storage} {self._name}")
            else:
                self._put(header)
        except BaseException:
            self._release()
            raise
        self._lines = lines[1:]

    def _claimed(self) -> Run[None]:
        place = f"writer of {self._name}"
        for left in self._runtime.runs(thread_id=place, status=("running", "paused")):
            if not self._runtime.shelf.is_free(TENANT, left.run_id):
                hint = "wait for it, or name another evaluation"
                raise StorageError(f"another evaluation is writing to `{self._name}`", hint=hint)
            # Its process is gone; what it kept is whole, line by line.
            gone = self._runtime.resume(left.run_id)
            gone.cancel("its process is gone")
            gone.wait()
        return self._runtime.run_program(written_by_one(), thread_id=place)

    def _put(self, line: dict[str, Any]) -> None:
        written = json.loads(dumps({**line, "at": time.time_ns()}))
        _ = self._runtime.run_program(kept_line(written), thread_id=_thread(self._name)).wait().value

    def _release(self) -> None:
        self._writer.cancel("the evaluation is over")
        self._writer.wait()

    def samples(self) -> list[Sample]:
        """Return what is kept, the last of each case and repeat."""
        return [_sample(line) for line in last_lines(self._lines).values()]

    def keep(self, sample: Sample, digest: str) -> None:
        """Keep one sample, what happened in its run, and its recording."""
        line = sample_json(sample, digest)
        events = None if sample.output is None else sample.output.events
        recording = None if sample.recording is None else sample.recording.records
        self._desk.submit(self._put, {**line, "events": events, "recording": recording}).result()
        self._lines.append({**line, "events": events, "recording": recording})

    def close(self) -> None:
        """Let the next writer in."""
        self._desk.submit(self._release).result()
        self._desk.shutdown()


def read_stored(storage: str, name: str) -> tuple[dict[str, Any], list[Sample]]:
    """Return the header and the samples of an evaluation in a store.

    Raises:
        StorageError: there is no such store, or no such evaluation in it.
    """
    from flowai.evals.stored import check_there

    check_there(storage)
    lines = _lines(_archive(storage), name)
    if not lines:
        hint = "name what `run_eval(..., results=NAME, storage=URL)` wrote (`--results`, `--storage`)"
        raise StorageError(f"`{storage}` holds no results of `{name}`", hint=hint)
    return lines[0], [_sample(line) for line in last_lines(lines[1:]).values()]


async def _attend(_: Attend) -> None:
    await asyncio.Event().wait()  # until it is cancelled


def _archive(storage: str) -> Runtime:
    from flowai.interpreters.creation import create_runtime
    from flowai.interpreters.test import Test
    from flowai.interpreters.wiring import define_runtime
    from flowai.specs.define_agent import define_specialist
    from flowai.specs.tenant import define_tenant

    # A runtime has to have an agent; this one is never asked.
    nobody = define_specialist(name="archive", model="none:none", prompt="Keep.")
    spec = define_runtime(tenant=define_tenant(TENANT, "v1"), agents=[nobody])
    return create_runtime(spec, interpreter=Test(script=[]).handling(Attend, _attend), storage=storage)


def _thread(name: str) -> str:
    return f"results of {name}"


def _lines(runtime: Runtime, name: str) -> list[dict[str, Any]]:
    """Return the lines since the evaluation was last begun anew, in the order in which they were kept."""
    kept = sorted((each.output for each in runtime.runs(thread_id=_thread(name), status="finished")), key=_at)
    begun = max((place for place, line in enumerate(kept) if line["type"] == "header"), default=0)
    return kept[begun:]


def _at(line: Mapping[str, Any]) -> int:
    at: int = line["at"]
    return at


def _sample(line: Mapping[str, Any]) -> Sample:
    from dataclasses import replace

    from flowai.interpreters.recording import Recording

    recording = None if line["recording"] is None else Recording(line["recording"])
    return replace(sample_of(line, line["events"]), recording=recording)
