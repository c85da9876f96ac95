"""The evals of the restock job, and its exploration."""

from pathlib import Path

import pytest
from rich.console import Console

from examples.restock.agents import spec
from examples.restock.evals import evaluate
from examples.restock.script import REQUEST, scripted_models
from examples.restock.stocking import build_warehouse
from examples.restock.warehouse import SqliteWarehouse
from flowai.evals import NoWriteWithoutDecision
from flowai.laws import explore
from flowai_harness import create_runtime


def test_the_evals_of_the_job_pass_offline() -> None:
    found = evaluate(Console(quiet=True))
    names = ("aggregate", "trajectory", "actions", "no_write_without_decision", "finished")
    lines = [f"  {name:<28} 1.000 over 3" for name in names]
    assert str(found).splitlines() == ["restock: 3 samples, 0 errors", *lines]


@pytest.mark.slow
def test_whatever_goes_wrong_nothing_is_written_without_a_decision(tmp_path: Path) -> None:
    stocked = build_warehouse(tmp_path / "stocked.sqlite").path
    number = iter(range(10_000))

    def services() -> SqliteWarehouse:
        copy = tmp_path / f"{next(number)}.sqlite"
        copy.write_bytes(stocked.read_bytes())
        return SqliteWarehouse(copy)

    runtime = create_runtime(spec, services(), testing=scripted_models())
    found = explore(runtime, REQUEST, invariants=[NoWriteWithoutDecision()], services=services)
    assert len(found.trials) > 100
