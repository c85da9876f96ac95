"""The kept job for other processes: what `flowai-harness` is given as `--app examples.restock.kept:app`."""

from __future__ import annotations

import os
from pathlib import Path

from examples.restock.job import chosen_interpreter, make_runtime
from examples.restock.warehouse import SqliteWarehouse
from flowai_harness import FlowaiError, Runtime


def app() -> Runtime:
    """Return the job's runtime over the warehouse that `RESTOCK_DATABASE` names."""
    path = Path(os.environ.get("RESTOCK_DATABASE", "warehouse.sqlite"))
    if not path.exists():
        raise FlowaiError(f"there is no warehouse `{path}`", hint="set `RESTOCK_DATABASE` to what `--database` named")
    return make_runtime(SqliteWarehouse(path), chosen_interpreter())
