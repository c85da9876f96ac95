"""The command `eval case-from-run` on runs of a store."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from flowai.cli import main
from flowai.evals import case_from_run, load_dataset, run_eval
from flowai_harness import Runtime, TestingConfig, create_runtime
from tests.evals import shop
from tests.harness.desk import until

APPS = ["--app", "tests.evals.shop:spec"]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/runs.db"


def kept(url: str, *, is_over: bool = True) -> str:
    """Keep a run and return its id; it waits for a decision, or has had it."""
    runtime = create_runtime(shop.spec, testing=TestingConfig(script=shop.script()), storage=url)

    async def left() -> str:
        run = runtime.run_specialist("clerk", "Order three red ones")
        asked: Any = await until(run, "approval_required")
        if is_over:
            await runtime.respond_to_approval(asked.approval_id, "approve", principal="ana")
            await run
        return run.run_id

    return asyncio.run(left())


def test_a_run_of_a_store_becomes_a_case_that_passes(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id, out = kept(url), tmp_path / "case.json"
    asked = ["eval", "case-from-run", run_id, "--storage", url, *APPS, "--out", str(out), "--id", "red"]
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert "case `red` passes" in told
    assert "a missing call: caught" in told
    (case,) = json.loads(out.read_text(encoding="utf-8"))["cases"]
    assert [step["name"] for step in case["expected_trajectory"]] == ["find", "order"]
    assert run_eval(load_dataset(out), shop.spec, interpreter="replay", scorer_preset="strict").mean() == 1


def test_a_runtime_that_keeps_its_runs_is_asked_for_its_own(url: str, tmp_path: Path) -> None:
    run_id = kept(url)
    runtime: Runtime = create_runtime(shop.spec, testing=TestingConfig(script=[]), storage=url)
    assert case_from_run(run_id, runtime, out=tmp_path / "a.json").passes


def test_a_run_under_another_name_of_the_store_is_not_taken_for_a_file(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_id = kept(url)
    (tmp_path / run_id).write_text("no recording", encoding="utf-8")
    assert case_from_run(run_id, shop.spec, out=tmp_path / "a.json", storage=url).passes


def test_what_the_store_cannot_give_is_said(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waits = kept(url, is_over=False)
    missing = f"sqlite:///{tmp_path}/other.db"
    for run_id, storage, more, said in (
        (waits, url, APPS, "is not over"),
        ("run-9", url, APPS, "run-9"),
        (waits, url, [*APPS, "--tenant", "stranger"], waits),
        (waits, missing, APPS, "there is no store"),
        (waits, "redis://here", APPS, "no address of a store"),
        (waits, url, ["--app", "tests.evals.shop:clerk"], "not a runtime spec"),
    ):
        out = ["--out", str(tmp_path / "case.json")]
        assert main(["eval", "case-from-run", run_id, "--storage", storage, *more, *out]) > 0
        assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "other.db").exists()
    assert not (tmp_path / "case.json").exists()


def test_an_id_without_a_store_says_how_to_name_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "case-from-run", "run-9", *APPS]) == 1
    assert "--storage" in capsys.readouterr().err
