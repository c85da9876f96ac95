"""The main job in several processes: one is killed at the approval, another one approves, a third shows the rows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from examples.restock.__main__ import main
from examples.restock.stocking import build_warehouse
from examples.restock.warehouse import SqliteWarehouse

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "import sys; from flowai.cli import main; sys.exit(main())")


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "RESTOCK_DATABASE": str(folder / "warehouse.sqlite"), "COLUMNS": "160"}


def job(folder: Path) -> list[str]:
    kept = ["--storage", f"sqlite:///{folder / 'restock.db'}", "--database", str(folder / "warehouse.sqlite")]
    return [sys.executable, "-m", "examples.restock", *kept]


def command(folder: Path, *words: str) -> str:
    """Perform a command of the harness on the kept job, in a process of its own."""
    kept = ["--app", "examples.restock.kept:app", "--storage", f"sqlite:///{folder / 'restock.db'}"]
    done = subprocess.run(
        [*COMMAND, *words, *kept], cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def killed_at_the_question(folder: Path) -> None:
    """Start the job in a terminal, and kill it with `kill -9` when it asks."""
    person, terminal = os.openpty()
    started = subprocess.Popen(job(folder), cwd=ROOT, env=environment(folder), stdin=terminal, stdout=terminal)
    os.close(terminal)
    shown = b""
    while b"decide [" not in shown:
        shown += os.read(person, 4096)
    started.kill()
    assert started.wait() == -9
    os.close(person)


def finished(folder: Path) -> str:
    """Ask for the same job again, and return what is shown."""
    done = subprocess.run(job(folder), cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def orders(folder: Path) -> list[tuple[str, int]]:
    with SqliteWarehouse(folder / "warehouse.sqlite").connected() as database:
        return [tuple(row) for row in database.execute("SELECT sku, quantity FROM purchase_orders ORDER BY rowid")]


def test_a_killed_job_is_approved_elsewhere_and_nothing_is_applied_twice(tmp_path: Path) -> None:
    killed_at_the_question(tmp_path)
    untouched = build_warehouse(tmp_path / "untouched.sqlite").articles()
    assert SqliteWarehouse(tmp_path / "warehouse.sqlite").articles() == untouched
    assert command(tmp_path, "runs").split("\t")[1] == "paused"
    approval = command(tmp_path, "approvals").split("\t")[0]
    approved = command(tmp_path, "approve", approval)
    assert "report_stock" not in approved
    assert approved.splitlines()[-1] == "The plan's status is EXECUTED."
    placed = orders(tmp_path)
    after = {each.sku: each.on_order for each in SqliteWarehouse(tmp_path / "warehouse.sqlite").articles()}
    before = {each.sku: each.on_order for each in untouched}
    assert placed
    assert {sku: after[sku] - before[sku] for sku in after if after[sku] != before[sku]} == dict(placed)
    shown = finished(tmp_path)
    assert "What changed in the database" in shown
    assert all(sku in shown for sku, _ in placed)
    assert orders(tmp_path) == placed
    assert command(tmp_path, "journal", "verify").endswith("as written\n")


def test_a_killed_job_that_is_started_again_asks_again(tmp_path: Path) -> None:
    killed_at_the_question(tmp_path)
    killed_at_the_question(tmp_path)
    assert len(command(tmp_path, "runs").splitlines()) == len(command(tmp_path, "approvals").splitlines()) == 1
    assert orders(tmp_path) == []
    # Without a terminal it answers by itself.
    assert "What changed in the database" in finished(tmp_path)
    assert orders(tmp_path)


def test_a_kept_job_needs_a_kept_warehouse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--storage", f"sqlite:///{tmp_path / 'restock.db'}"]) == 1
    assert "--database" in capsys.readouterr().err
