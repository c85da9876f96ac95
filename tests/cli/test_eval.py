"""The command `eval`, from a dataset to an exit code."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from flowai.cli import main
from flowai.evals import Trajectory, case_from_run, load_dataset, run_eval, save_recording
from flowai.interpreters import Eval, Test
from tests.evals import shop
from tests.evals.test_datasets import YAML

APP = "tests.evals.shop:runtime"
scorers = [Trajectory(value="bool")]


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(YAML, encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def _in_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


APPS = ["--app", "tests.evals.shop:spec"]


def test_a_run_shows_scores_with_intervals(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "run", dataset, *APPS]) == 0
    told = capsys.readouterr().out
    assert "shop: 2 samples of 2 cases, 0 errors" in told
    assert "aggregate                  1.000 ± 0.000 (95 % 0.342 to 1.000, 2 cases)" in told


def test_thresholds_set_the_exit_code(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "run", dataset, *APPS, "--min", "pass=1", "--min", "trajectory=1"]) == 0
    assert main(["eval", "run", dataset, *APPS, "--min", "1.5"]) == 1
    assert "`aggregate` is 1.000, and 1.500 is needed" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--min", "pass=nan"], ["--min", "inf"], ["--passing", "nan"]])
def test_what_is_no_number_is_no_threshold(dataset: str, option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "run", dataset, *APPS, *option]) == 2
    assert f"argument {option[0]}: `{option[1]}` is no" in capsys.readouterr().err


def test_results_are_kept_shown_rescored_and_compared(
    dataset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, report = (str(tmp_path / name) for name in ("one", "two", "report.xml"))
    assert main(["eval", "run", dataset, *APPS, "--results", first, "--repeats", "2", "--junit", report]) == 0
    assert main(["eval", "run", dataset, *APPS, "--results", second]) == 0
    assert main(["eval", "show", first]) == 0
    assert "pass@2" in capsys.readouterr().out
    assert main(["eval", "rescore", first, "--dataset", dataset, "--scorers", "tests.cli.test_eval:scorers"]) == 0
    assert main(["eval", "compare", first, second]) == 0
    assert "not shown to be better: the same on all 2 shared cases" in capsys.readouterr().out
    suite = ET.parse(report).getroot()[0]  # noqa: S314 — our own file
    assert [case.get("name") for case in suite] == ["order", "order#2", "hello", "hello#2"]


def test_json_has_standard_output_for_itself(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "run", dataset, *APPS, "--json", "--tag", "write"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["aggregate"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "none.yaml", *APPS], "cannot be read"),
        (["show", "nowhere"], "there are no results in `nowhere`"),
        (["case-from-run", "nowhere", *APPS], "there is no recording `nowhere`"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_hint(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", *arguments]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert "hint:" in told


def test_an_error_fails_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a", "prompt": "x", "agent": "clerk", "script": []}\n')
    assert main(["eval", "run", str(path), *APPS, "--junit", str(tmp_path / "r.xml")]) == 1
    told = capsys.readouterr()
    assert "1 of 1 samples have an error" in told.err
    assert "a#1: ScriptMismatch" in told.out
    assert "<error" in (tmp_path / "r.xml").read_text()


def test_no_case_is_no_success(dataset: str) -> None:
    assert main(["eval", "run", dataset, *APPS, "--tag", "none"]) == 1


def test_the_schema_is_printed_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "DatasetFile"


# A case of a run


def recorded(tmp_path: Path) -> Path:
    interpreter = Eval(Test(script=shop.script(), decisions=["approve"]))
    run = shop.runtime().under(interpreter).blocking.run_specialist("clerk", "Order three red ones")
    return save_recording(run.recording, tmp_path / "run.jsonl.gz")


@pytest.mark.parametrize("name", ["case.json", "case.yaml"])
def test_a_case_of_a_run_passes_at_once_and_says_what_it_would_catch(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before, out = list(shop.ordered), tmp_path / "cases" / name
    assert main(["eval", "case-from-run", str(recorded(tmp_path)), *APPS, "--out", str(out), "--id", "mine"]) == 0
    told = capsys.readouterr().out
    assert "case `mine` passes" in told
    assert [line.strip() for line in told.splitlines()[1:]] == [
        "a missing call: caught",
        "an extra call: caught",
        "reordered calls: caught",
        "a changed argument: caught",
    ]
    assert run_eval(load_dataset(out), shop.spec, scorer_preset="strict").mean() == 1
    # The recording was made by one real order, and nothing was ordered since.
    assert len(shop.ordered) == len(before) + 1


def test_a_case_of_a_run_never_overwrites(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    (tmp_path / "a.json").write_text("{}")
    from flowai.errors import SpecError

    with pytest.raises(SpecError, match="is there already"):
        case_from_run(path, shop.spec, out=tmp_path / "a.json")
