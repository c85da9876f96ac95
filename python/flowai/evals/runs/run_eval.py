"""An evaluation: every case of a dataset, run and scored."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import SpecError
from flowai.evals.case import TestCase
from flowai.evals.datasets.dataset import Dataset, load_dataset
from flowai.evals.runs.answering import answering, check_chosen
from flowai.evals.runs.attending import attended
from flowai.evals.runs.folder import ResultFolder, ResultStore
from flowai.evals.runs.observed import output_of
from flowai.evals.runs.results import EvalResults
from flowai.evals.runs.sample import Cause, Sample, score_with
from flowai.evals.runs.target import Target
from flowai.evals.runs.written import digest_of
from flowai.evals.score import taken_scorers
from flowai.evals.scorer import Scorer
from flowai.specs.numbers import is_whole_and_positive

if TYPE_CHECKING:
    from flowai.interpreters.interpreter import Interpreter

Progress = Callable[[int, int, Sample], None]
"""Told after each sample: how many are done, how many there are, and the sample."""


def run_eval(
    dataset: Dataset | Sequence[TestCase] | str | Path,
    target: Any,
    **options: Any,
) -> EvalResults:
    """Run and score every case of a dataset.

    Every run goes through the recording interpreter. Approvals are answered by the case, or the case fails. A case
    that errors is an error with its cause, never a score of 0.

    Args:
        dataset: cases, or a file of them.
        target: a runtime, a runtime spec, an agent, a program function, or a function of a case that returns one.
        **options: what `arun_eval` takes.

    Raises:
        SpecError: the dataset, the target or an option cannot be meant.
        StorageError: the results cannot be kept.

    Example:
        >>> from flowai import CallModel, program, Do, Models
        >>> from flowai.evals import ExactMatch, define_test_case
        >>> from flowai.specs.testing import TestingConfig
        >>> @program
        ... def greet(name: str) -> Do[Models, str]:
        ...     return (yield from CallModel("any", prompt=f"Greet {name}."))
        >>> testing = TestingConfig(script=["Hello, Ana."])
        >>> case = define_test_case("ana", "Ana", expected_response="Hello, Ana.", testing=testing)
        >>> run_eval([case], greet, scorers=[ExactMatch()]).mean()
        1.0
    """
    task = arun_eval(dataset, target, **options)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(task)
    return _apart(task)


async def arun_eval(  # noqa: PLR0913 — all that may be said of an evaluation, by name
    dataset: Dataset | Sequence[TestCase] | str | Path,
    target: Any,
    *,
    interpreter: str | Interpreter[Any] | None = None,
    scorer_preset: str = "trajectory_only",
    scorers: Sequence[Scorer] | None = None,
    repeats: int = 1,
    concurrency: int = 8,
    results: str | Path | None = None,
    storage: str | None = None,
    fresh: bool = False,
    judge: Interpreter[Any] | None = None,
    progress: Progress | None = None,
) -> EvalResults:
    """Run and score every case of a dataset on the running loop.

    Args:
        dataset: cases, or a file of them.
        target: a runtime, a runtime spec, an agent, a program function, or a function of a case that returns one.
        interpreter: `"test"`, `"live"`, `"replay"` or an interpreter; without one each case is answered by its
            recording, else by its script, else as its target is.
        scorer_preset: which scorers.
        scorers: scorers of your choice, in place of a preset.
        repeats: how often each case is run.
        concurrency: how many runs are under way at once.
        results: the folder that keeps every sample, or with `storage` the name of the evaluation there; what it
            holds already is not run again.
        storage: the store that keeps the results and the recordings of samples, in place of a folder:
            `"sqlite:///path"`, `"postgresql://..."`.
        fresh: whether to begin the results anew.
        judge: who is asked by scorers that ask models; `Live()` where none is given.
        progress: told after each sample.

    Raises:
        SpecError: the dataset, the target or an option cannot be meant.
        StorageError: the results cannot be kept.
    """
    cases = _dataset(dataset)
    check_chosen(interpreter)
    for name, count in (("repeats", repeats), ("concurrency", concurrency)):
        if not is_whole_and_positive(count):
            raise SpecError(f"`{name}` is {count!r}", hint="give a whole number from 1")
    plan = Plan(
        cases,
        Target(target),
        interpreter,
        taken_scorers(scorers, scorer_preset),
        repeats,
        judge,
        keeps_recordings=storage is not None,
    )
    with _kept(results, storage, plan.header(), fresh=fresh) as store:
        return await plan.performed(concurrency, store, progress)


@dataclass(frozen=True)
class Plan:
    """What is to be run, and how it is scored."""

    dataset: Dataset
    target: Target
    interpreter: str | Interpreter[Any] | None
    scorers: tuple[Scorer, ...]
    repeats: int
    judge: Interpreter[Any] | None
    keeps_recordings: bool = False
    digests: dict[str, str] = field(default_factory=dict[str, str])

    def header(self) -> dict[str, Any]:
        """Return what tells one evaluation from another."""
        chosen: Any = self.interpreter
        word = chosen if isinstance(chosen, str) or chosen is None else type(chosen).__name__
        return {
            "dataset": self.dataset.name,
            "target": self.target.name,
            "interpreter": word,
            "scorers": [scorer.name for scorer in self.scorers],
            "settings": [scorer.settings_told for scorer in self.scorers],
        }

    async def performed(self, concurrency: int, store: ResultStore | None, progress: Progress | None) -> EvalResults:
        """Run what is not finished yet and return everything."""
        kept, todo = self._split(store)
        places = iter(todo)
        total = len(kept) + len(todo)

        async def work() -> None:
            for case, repeat in places:
                sample = await self.sampled(case, repeat)
                kept[case.id, repeat] = sample
                if store is not None:
                    store.keep(sample, self._digest(case))
                if progress is not None:
                    progress(len(kept), total, sample)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(concurrency, len(todo))):
                    group.create_task(work())
        except ExceptionGroup as failed:
            # What a store or `progress` raised is what the caller can do something about, not how many workers had it.
            raise failed.exceptions[0] from None
        order = ((case.id, repeat) for case in self.dataset for repeat in range(1, self.repeats + 1))
        return EvalResults(self.dataset.name, [kept[place] for place in order], self.header())

    async def sampled(self, case: TestCase, repeat: int) -> Sample:
        """Run one case once and score it."""
        try:
            begin, own = await self.target.begin(case)
            interpreter = answering(self.interpreter, case, own, self.dataset.folder)
            run, error = await attended(begin(interpreter), case, is_virtual=interpreter.is_virtual)
        except Exception as failed:  # noqa: BLE001 — a target of the user's may raise anything
            return Sample(case.id, repeat, None, Cause.of(failed), tags=case.tags)
        output = output_of(run)
        recording = run.recording if self.keeps_recordings else None
        if error is not None:
            return Sample(case.id, repeat, None, Cause.of(error), output, run.run_id, case.tags, recording)
        scored = await score_with(self.scorers, case, output, self.judge)
        return Sample(case.id, repeat, scored, None, output, run.run_id, case.tags, recording)

    def _split(self, store: ResultStore | None) -> tuple[dict[tuple[str, int], Sample], list[tuple[TestCase, int]]]:
        places = [(case, repeat) for case in self.dataset for repeat in range(1, self.repeats + 1)]
        if store is None:
            return {}, places
        done = store.finished()
        todo = [(case, repeat) for case, repeat in places if done.get((case.id, repeat)) != self._digest(case)]
        left = {(case.id, repeat) for case, repeat in places} - {(case.id, repeat) for case, repeat in todo}
        kept = {(each.case_id, each.repeat): each for each in store.samples() if (each.case_id, each.repeat) in left}
        return kept, todo

    def _digest(self, case: TestCase) -> str:
        if case.id not in self.digests:
            self.digests[case.id] = digest_of(case, self.dataset.folder)
        return self.digests[case.id]


def _kept(
    results: str | Path | None, storage: str | None, header: Mapping[str, Any], *, fresh: bool
) -> AbstractContextManager[ResultStore | None]:
    if storage is None:
        return nullcontext() if results is None else ResultFolder(results, header, fresh=fresh)
    if results is None:
        hint = 'write `results="nightly", storage="sqlite:///evals.db"` (`--results`, `--storage`)'
        raise SpecError("the evaluation has no name in the store", hint=hint)
    from flowai.evals.runs.stored import StoredResults

    return StoredResults(storage, str(results), header, fresh=fresh)


def _dataset(given: Dataset | Sequence[TestCase] | str | Path) -> Dataset:
    if isinstance(given, str | Path):
        return load_dataset(given)
    if isinstance(given, Dataset):
        return given
    cases = tuple(given)
    strangers = [each for each in cast("tuple[object, ...]", cases) if not isinstance(each, TestCase)]
    if strangers:
        hint = "make it with `define_test_case`, or give the path of a file of cases"
        raise SpecError(f"`{strangers[0]!r}` is no test case", hint=hint)
    return Dataset("cases", cases)


def _apart(task: Any) -> EvalResults:
    """Run on a thread of its own, because this one's loop is running already."""
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append(asyncio.run(task))
        except BaseException as error:  # noqa: BLE001 — raised again where it was asked for
            outcome.append(error)

    thread = threading.Thread(target=work, name="flowai-evals", daemon=True)
    thread.start()
    thread.join()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    found: EvalResults = outcome[0]
    return found
