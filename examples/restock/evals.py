"""The evals of the job: what is asked, on a warehouse of its own for each case, and what must hold."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from rich.console import Console

from examples.restock.agents import spec
from examples.restock.script import REQUEST, scripted_models
from examples.restock.stocking import build_warehouse
from examples.restock.warehouse import SqliteWarehouse
from flowai.cli.shown import told
from flowai.evals import (
    Actions,
    Dataset,
    EvalResults,
    Finished,
    Gate,
    NoWriteWithoutDecision,
    OneOf,
    TestCase,
    ToolCall,
    Trajectory,
    define_test_case,
    run_eval,
)
from flowai.evals.reports.summary import summary
from flowai_harness import Approve, Reject, Runtime, create_runtime

READS = [
    ToolCall("report_stock", {"weeks": 104}),
    ToolCall("find_shortages"),
    ToolCall("find_idle_stock"),
    ToolCall("draft_actions"),
]
WRITES = ["order_article"] * 3 + ["change_reorder_point"] * 2 + ["discontinue_article"]
ORDERED = [{"kind": "order_article", "sku": sku} for sku in ("A-196", "A-130", "A-302")]

scorers = [
    # The two findings are looked for at once, in whatever order.
    Trajectory(order="partial", args="superset") * 2,
    Actions(order="any", args="superset", extra="allow", value="recall"),
    Gate(NoWriteWithoutDecision()),
    Gate(Finished()),
]


def dataset() -> Dataset:
    """Return the cases: the plan approved, approved in part, and rejected before it is approved."""
    decided = {
        "approved": ([Approve()], WRITES),
        "approved in part": ([Approve(actions=[0, 1, 2])], WRITES[:3]),
        "rejected once": ([Reject("order half of it"), Approve()], WRITES),
    }
    cases = [
        define_test_case(
            name,
            REQUEST,
            expected_trajectory=[*READS, *writes],
            before=[(0, 1), (0, 2), (1, 3), (2, 3), *((3, 4 + place) for place in range(len(writes)))],
            expected_actions=[
                {**each, "kind": "order_article", "quantity": OneOf(*range(1, 1_000))} for each in ORDERED
            ],
            testing=replace(scripted_models(), decisions=decisions),
        )
        for name, (decisions, writes) in decided.items()
    ]
    return Dataset("restock", tuple(cases))


def on_a_new_warehouse(_: TestCase) -> Runtime:
    """Return the agents over a warehouse that no other case has touched."""
    path = Path(tempfile.mkdtemp(dir=_folder())) / "warehouse.sqlite"
    shutil.copy(_stocked(), path)
    return create_runtime(spec, SqliteWarehouse(path), testing=scripted_models())


def evaluate(console: Console) -> EvalResults:
    """Run the evals and show what they say."""
    try:
        found = run_eval(dataset(), on_a_new_warehouse, scorers=scorers)
    finally:
        shutil.rmtree(_folder(), ignore_errors=True)
        _folder.cache_clear()
        _stocked.cache_clear()
    console.print(told(summary(found)), markup=False, highlight=False)
    return found


@cache
def _folder() -> str:
    return tempfile.mkdtemp(prefix="restock-evals-")


@cache
def _stocked() -> Path:
    path = Path(_folder()) / "stocked.sqlite"
    build_warehouse(path)
    return path
