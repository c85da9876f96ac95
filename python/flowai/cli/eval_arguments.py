"""What may be written behind `flowai-harness eval`."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import Any, Literal, cast

TARGET_HELP = "a runtime, a runtime spec, an agent, a program function, or a function of a case that returns one"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalOptions:
    """The command line behind `eval`, read."""

    verb: Literal["run", "show", "compare", "rescore", "case-from-run", "schema"]
    app: str = ""
    dataset: str = ""
    interpreter: str | None = None
    preset: str = "trajectory_only"
    scorers: str | None = None
    repeats: int = 1
    concurrency: int = 8
    tags: tuple[str, ...] = ()
    results: str | None = None
    fresh: bool = False
    junit: str | None = None
    minimum: tuple[tuple[str, float], ...] = ()
    passing: float = 1.0
    before: str = ""
    after: str = ""
    score: str = "aggregate"
    json: bool = False
    run: str = ""
    out: str | None = None
    case_id: str | None = None
    storage: str | None = None
    tenant: str | None = None


def add_eval(parser: argparse.ArgumentParser) -> None:
    """Say what `eval` takes."""
    verbs = parser.add_subparsers(dest="verb", required=True)
    _add_run(verbs.add_parser("run", help="run and score every case of a dataset"))
    show = verbs.add_parser("show", help="show the results of an evaluation")
    show.add_argument("results", help="the folder of its results, or with `--storage` its name")
    _add_storage(show)
    _add_reading(show)
    compare = verbs.add_parser("compare", help="compare two evaluations on the cases that both have")
    compare.add_argument("before", help="the folder of the first")
    compare.add_argument("after", help="the folder of the second")
    _add_storage(compare)
    compare.add_argument("--score", default="aggregate", help="what is compared")
    rescore = verbs.add_parser("rescore", help="score kept results anew, without a call of any model")
    rescore.add_argument("results", help="the folder of the results, or with `--storage` their name")
    _add_storage(rescore)
    rescore.add_argument("--dataset", required=True, help="the cases")
    _add_scoring(rescore)
    _add_reading(rescore)
    _add_case(verbs.add_parser("case-from-run", help="make a case of a recorded run"))
    verbs.add_parser("schema", help="print the JSON Schema of a dataset, for editors")


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("dataset", help="a file of cases: YAML, JSON, JSONL or CSV")
    run.add_argument("--app", required=True, metavar="MODULE:ATTRIBUTE", help=TARGET_HELP)
    run.add_argument("--interpreter", metavar="WORD", help="`test`, `live` or `replay`; else as each case says")
    run.add_argument("--repeats", type=int, default=1, metavar="N", help="how often each case is run")
    run.add_argument("--concurrency", type=int, default=8, metavar="N", help="how many runs at once")
    run.add_argument("--tag", dest="tags", action="append", default=[], help="only cases with this tag")
    run.add_argument("--results", metavar="FOLDER", help="keep the results; what is there is not run again")
    _add_storage(run)
    run.add_argument("--fresh", action="store_true", help="begin the results anew")
    _add_scoring(run)
    _add_reading(run)


def _add_storage(parser: argparse.ArgumentParser) -> None:
    words = "the store that has the results, such as `sqlite:///evals.db`; they go by a name then, in place of a folder"
    parser.add_argument("--storage", metavar="URL", help=words)


def _add_scoring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", default="trajectory_only", metavar="NAME", help="which scorers")
    parser.add_argument("--scorers", metavar="MODULE:ATTRIBUTE", help="a list of scorers, in place of a preset")


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit report")
    parser.add_argument("--json", action="store_true", help="print one JSON object a sample and nothing else")
    parser.add_argument(
        "--min",
        dest="minimum",
        type=_minimum,
        action="append",
        default=[],
        metavar="SCORE=VALUE",
        help="fail where the mean of a score, or `pass` for the share of samples that pass, is lower",
    )
    parser.add_argument(
        "--passing", type=_finite, default=1.0, metavar="VALUE", help="from which aggregate on a sample passes"
    )


def _add_case(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a file with a recording, or with `--storage` the id of a run")
    parser.add_argument("--app", required=True, metavar="MODULE:ATTRIBUTE", help="the runtime it ran on")
    parser.add_argument("--out", metavar="FILE", help="the case file; by default one named after the run")
    parser.add_argument("--id", dest="case_id", metavar="ID", help="what the case is called")
    parser.add_argument("--storage", metavar="URL", help="the store that keeps the run, such as `sqlite:///runs.db`")
    parser.add_argument("--tenant", metavar="ID", help="whose run it is; by default the runtime's own tenant")


def _minimum(written: str) -> tuple[str, float]:
    name, equals, value = written.rpartition("=")
    try:
        return (name if equals else "aggregate"), _finite(value)
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise argparse.ArgumentTypeError(f"`{written}` is no threshold; write `aggregate=0.9`") from error


def _finite(written: str) -> float:
    value = float(written)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"`{written}` is no number that can be reached")
    return value


def eval_options(given: dict[str, Any]) -> EvalOptions:
    """Return what was written behind `eval`."""
    fields: dict[str, Any] = {name: _frozen(value) for name, value in given.items()}
    return EvalOptions(**fields)


def _frozen(value: Any) -> Any:
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value
