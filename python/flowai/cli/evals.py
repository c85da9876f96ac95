"""The command `eval`: run, show, compare and rescore evaluations, and make cases of runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flowai.cli.application import load_app, load_object
from flowai.cli.eval_arguments import EvalOptions
from flowai.cli.shown import safe, told
from flowai.errors import SpecError
from flowai.evals import EvalResults, Scorer, compare, json_schema, load_dataset, load_results, run_eval
from flowai.evals.reports.junit import save_junit
from flowai.evals.reports.summary import summary
from flowai.evals.reports.thresholds import missed
from flowai.evals.runs.rescoring import rescore
from flowai.evals.runs.written import digest_of, dumps, sample_json

if TYPE_CHECKING:
    from flowai.evals import Dataset, Sample


def evaluate(options: EvalOptions) -> bool:
    """Perform a verb of `eval`; return whether all is as it should be."""
    return _VERBS[options.verb](options)


def _run(options: EvalOptions) -> bool:
    dataset = load_dataset(options.dataset)
    dataset = dataset.tagged(*options.tags) if options.tags else dataset
    if not len(dataset):
        raise SpecError("there is no case to run", hint="look at `--tag`, or add cases")
    target = load_object(options.app)
    # Results in JSON have standard output for themselves.
    console = Console(stderr=True, highlight=False)
    with _bar(console) as bar:
        task = bar.add_task(dataset.name, total=len(dataset) * options.repeats)

        def progress(done: int, total: int, sample: Sample) -> None:
            bar.update(task, completed=done, total=total, description=sample.case_id)

        found = run_eval(
            dataset,
            target,
            interpreter=options.interpreter,
            repeats=options.repeats,
            concurrency=options.concurrency,
            results=options.results,
            storage=options.storage,
            fresh=options.fresh,
            progress=progress,
            **_scoring(options),
        )
    return _reported(found, options, dataset)


def _show(options: EvalOptions) -> bool:
    return _reported(load_results(options.results or "", options.storage), options)


def _rescore(options: EvalOptions) -> bool:
    dataset = load_dataset(options.dataset)
    return _reported(
        rescore(load_results(options.results or "", options.storage), dataset, **_scoring(options)), options, dataset
    )


def _compare(options: EvalOptions) -> bool:
    found = compare(
        load_results(options.before, options.storage), load_results(options.after, options.storage), options.score
    )
    Console(highlight=False).print(told(str(found)), markup=False)
    return found.verdict != "worse"


def _case_from_run(options: EvalOptions) -> bool:
    from flowai.evals.from_run import case_from_run, recording_of

    runtime = load_app(options.app) if options.storage is not None else None
    recording = recording_of(options.run, runtime, storage=options.storage, tenant=options.tenant)
    made = case_from_run(recording, load_object(options.app), out=options.out, case_id=options.case_id)
    Console(highlight=False).print(told(str(made)), markup=False)
    return made.passes


def _schema(_: EvalOptions) -> bool:
    print(json.dumps(json_schema(), indent=2))
    return True


def _reported(found: EvalResults, options: EvalOptions, dataset: Dataset | None = None) -> bool:
    if options.junit is not None:
        save_junit(found, Path(options.junit), options.passing)
    complaints = missed(found, dict(options.minimum), options.passing)
    if options.json:
        digests = {case.id: digest_of(case) for case in dataset} if dataset is not None else {}
        for sample in found:
            print(dumps(sample_json(sample, digests.get(sample.case_id, ""))))
    else:
        Console(highlight=False).print(told(summary(found, options.passing)), markup=False, soft_wrap=True)
    for complaint in complaints:
        Console(stderr=True, highlight=False).print(safe(complaint, "bold red"))
    return not complaints


def _scoring(options: EvalOptions) -> dict[str, Any]:
    if options.scorers is None:
        return {"scorer_preset": options.preset}
    found: object = load_object(options.scorers)
    scorers = list(cast("Sequence[object]", found)) if isinstance(found, list | tuple) else [found]
    if not all(isinstance(each, Scorer) for each in scorers):
        raise SpecError(f"`{options.scorers}` is no list of scorers", hint="write `scorers = [Trajectory(), ...]`")
    return {"scorers": scorers}


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())


_VERBS: dict[str, Callable[[EvalOptions], bool]] = {
    "run": _run,
    "show": _show,
    "compare": _compare,
    "rescore": _rescore,
    "case-from-run": _case_from_run,
    "schema": _schema,
}
