"""Results in a store: resumed, shown, compared, with the recordings of samples, and one writer at a time."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowai.cli import main
from flowai.errors import SpecError, StorageError
from flowai.evals import define_test_case, load_results, run_eval
from flowai.evals.runs.stored import StoredResults
from flowai.interpreters import Eval, Run, Test
from flowai_harness import TestingConfig
from tests.evals import shop
from tests.evals.test_datasets import YAML

ROOT = Path(__file__).parents[2]
HEADER = {"dataset": "cases", "target": "shop", "interpreter": None, "scorers": ["trajectory"]}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/evals.db"


def cases(*, said: str = "hello") -> list[Any]:
    broken = define_test_case("broken", "hi", agent="clerk", testing=TestingConfig(script=[]))
    greeted = define_test_case("hi", "hi", agent="clerk", expected_trajectory=[], testing=TestingConfig(script=[said]))
    return [shop.case(), greeted, broken]


def test_what_is_kept_is_what_was_found(url: str) -> None:
    found = run_eval(cases(), shop.spec, results="nightly", storage=url)
    again = {sample.case_id: sample for sample in load_results("nightly", url)}
    assert sorted(again) == ["broken", "hi", "order"]
    for sample in found:
        kept = again[sample.case_id]
        assert (kept.aggregate, kept.error, kept.output) == (sample.aggregate, sample.error, sample.output)
    assert again["broken"].aggregate is None


def test_the_recording_of_a_sample_replays(url: str) -> None:
    run_eval(cases()[:1], shop.spec, results="nightly", storage=url)
    ordered = list(shop.ordered)
    (sample,) = load_results("nightly", url).samples
    assert sample.recording is not None
    under = shop.runtime().under(Eval(Test()).replay(sample.recording))
    run: Run[Any] = under.blocking.run_specialist("clerk", "Order three red ones")
    assert run.output == "ordered 3"
    assert shop.ordered == ordered


def test_only_what_is_not_finished_or_has_changed_runs_again(url: str) -> None:
    told: list[str] = []

    def progress(_done: int, _total: int, sample: Any) -> None:
        told.append(sample.case_id)

    options: dict[str, Any] = {"results": "nightly", "storage": url, "progress": progress, "concurrency": 1}
    run_eval(cases()[:1], shop.spec, **options)
    run_eval(cases(), shop.spec, **options)
    run_eval(cases(said="good day"), shop.spec, **options)
    assert told == ["order", "hi", "broken", "hi", "broken"]
    run_eval(cases()[:1], shop.spec, fresh=True, **options)
    assert [sample.case_id for sample in load_results("nightly", url)] == ["order"]


def test_several_evaluations_share_a_store_and_another_kind_is_refused(url: str) -> None:
    run_eval(cases()[:1], shop.spec, results="one", storage=url)
    run_eval(cases()[1:2], shop.spec, results="two", storage=url)
    assert [len(load_results(name, url)) for name in ("one", "two")] == [1, 1]
    with pytest.raises(StorageError, match="results of another scorers"):
        run_eval(cases(), shop.spec, results="one", storage=url, scorer_preset="strict")


def test_a_second_writer_is_refused_until_the_first_is_done(url: str) -> None:
    with StoredResults(url, "nightly", HEADER):
        with pytest.raises(StorageError, match="another evaluation is writing"):
            StoredResults(url, "nightly", HEADER)
        with StoredResults(url, "other", HEADER):
            pass
    with StoredResults(url, "nightly", HEADER) as again:
        assert again.samples() == []


def test_an_evaluation_whose_process_died_goes_on(url: str) -> None:
    dies = (
        "import os\n"
        "from flowai.evals import run_eval\n"
        "from tests.evals.test_stored_results import cases, shop\n"
        f"options = {{'results': 'nightly', 'storage': {url!r}, 'concurrency': 1}}\n"
        "run_eval(cases(), shop.spec, progress=lambda *_: os._exit(9), **options)\n"
    )
    done = subprocess.run([sys.executable, "-c", dies], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 9, done.stderr
    assert [sample.case_id for sample in load_results("nightly", url)] == ["order"]
    told: list[str] = []

    def progress(_done: int, _total: int, sample: Any) -> None:
        told.append(sample.case_id)

    options: dict[str, Any] = {"results": "nightly", "storage": url, "concurrency": 1}
    run_eval(cases(), shop.spec, progress=progress, **options)
    assert told == ["hi", "broken"]


def test_bad_input_is_said(url: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="has no name in the store"):
        run_eval(cases(), shop.spec, storage=url)
    with pytest.raises(StorageError, match="there is no store"):
        load_results("nightly", url)
    assert not (tmp_path / "evals.db").exists()
    run_eval(cases()[:1], shop.spec, results="nightly", storage=url)
    with pytest.raises(StorageError, match="holds no results of `nightl`"):
        load_results("nightl", url)


def test_the_command_shows_compares_and_rescores_by_name(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    dataset = tmp_path / "shop.yaml"
    dataset.write_text(YAML, encoding="utf-8")
    kept = ["--storage", url]
    for name in ("one", "two"):
        asked = ["eval", "run", str(dataset), "--app", "tests.evals.shop:spec", "--results", name]
        assert main([*asked, *kept]) == 0
    capsys.readouterr()
    assert main(["eval", "show", "one", *kept]) == 0
    assert "shop: 2 samples of 2 cases, 0 errors" in capsys.readouterr().out
    assert main(["eval", "compare", "one", "two", *kept]) == 0
    assert "the same on all 2 shared cases" in capsys.readouterr().out
    assert main(["eval", "rescore", "one", "--dataset", str(dataset), "--preset", "strict", *kept]) == 0
    assert main(["eval", "show", "three", *kept]) == 1
