"""The pytest plugin: cassettes that record once and replay after."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowai.evals.volatile import is_volatile, marked

TEST = """
from flowai import DrawNumber
from flowai.interpreters import Live

def test_draw(flowai_cassette):
    run = flowai_cassette.kept(flowai_cassette.over(Live()).run(DrawNumber(1, 10**9)))
    print("drew", run.value)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_it.py").write_text(TEST)
    return tmp_path


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def drawn(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout
    return next(line for line in done.stdout.splitlines() if "drew" in line)


def test_a_cassette_is_recorded_once_and_replayed_after(folder: Path) -> None:
    missing = pytest_in(folder)
    assert missing.returncode == 1
    assert "there is no cassette `test_draw.jsonl.gz`" in missing.stdout
    assert "--flowai-record=once" in missing.stdout
    first = drawn(pytest_in(folder, "--flowai-record=once"))
    assert drawn(pytest_in(folder)) == first
    assert drawn(pytest_in(folder, "--flowai-record=once")) == first
    assert drawn(pytest_in(folder, "--flowai-record=all")) != first
    assert (folder / "cassettes" / "test_it" / "test_draw.jsonl.gz").exists()


def test_tests_of_two_classes_have_a_cassette_each(folder: Path) -> None:
    method = TEST.partition("def test_draw(")[2].replace("\n    ", "\n        ")
    classes = "".join(f"class Test{each}:\n    def test_draw(self, {method}\n" for each in "AB")
    (folder / "test_it.py").write_text(f"{TEST.partition('def ')[0]}{classes}")
    first = [line for line in pytest_in(folder, "--flowai-record=once").stdout.splitlines() if "drew" in line]
    again = [line for line in pytest_in(folder).stdout.splitlines() if "drew" in line]
    assert len(set(first)) == 2
    assert again == first


TWO_RUNS = """
from flowai import DrawNumber
from flowai.interpreters import Live

def test_draw(flowai_cassette):
    live = flowai_cassette.over(Live())
    runs = [flowai_cassette.kept(live.run(DrawNumber(1, 10**9))) for _ in range(2)]
    runs.append(flowai_cassette.kept(flowai_cassette.over(Live()).run(DrawNumber(1, 10**9))))
    print("drew", [run.value for run in runs])
"""


def test_every_run_of_a_test_is_kept_and_replayed_in_order(folder: Path) -> None:
    (folder / "test_it.py").write_text(TWO_RUNS)
    first = drawn(pytest_in(folder, "--flowai-record=once"))
    assert drawn(pytest_in(folder)) == first
    names = {path.name for path in (folder / "cassettes" / "test_it").iterdir()}
    assert names == {"test_draw.jsonl.gz", "test_draw.2.jsonl.gz", "test_draw.3.jsonl.gz"}
    (folder / "test_it.py").write_text(TWO_RUNS.replace("range(2)", "range(3)"))
    more = pytest_in(folder)
    assert more.returncode == 1
    assert "the cassette `test_draw.jsonl.gz` holds 3 runs, and the test has one more" in more.stdout
    (folder / "test_it.py").write_text(TEST)
    drawn(pytest_in(folder, "--flowai-record=all"))
    assert [path.name for path in (folder / "cassettes" / "test_it").iterdir()] == ["test_draw.jsonl.gz"]


QUERIES = """
from flowai.interpreters import Test
from flowai_harness import Says
from tests.evals import shop

def test_ask(flowai_cassette):
    runtime = shop.runtime().under(flowai_cassette.over(Test(script=[[Says("one")], [Says("two")]])))
    runs = [flowai_cassette.kept(runtime.blocking.run_specialist("clerk", "Hi")) for _ in range(2)]
    assert [run.value for run in runs] == ["one", "two"]
    print("drew", [run.run_id for run in runs])
"""


def test_the_queries_of_a_runtime_are_runs_of_their_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]))
    (folder / "test_it.py").write_text(QUERIES)
    first = drawn(pytest_in(folder, "--flowai-record=once"))
    assert drawn(pytest_in(folder)) == first


def test_the_plugin_opens_nothing_heavy() -> None:
    heavy = "{'pydantic', 'returns', 'rich', 'flowai._bridge', 'scipy', 'yaml'}"
    code = f"import sys, flowai.evals.plugin; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0b9e5f60-7c51-4e6f-a8f3-111111111111", True),
        ("2026-07-01T10:00:00Z", True),
        ("plan_56fef248db131a809e68d5fa88d91a9c", True),
        ("see plan_9", True),
        ("2026-07-01", False),
        ("A-196", False),
        (3, False),
    ],
)
def test_ids_and_times_are_volatile_and_the_rest_is_not(value: object, *, expected: bool) -> None:
    assert is_volatile(value, frozenset({"plan_9"})) is expected
    assert marked([value], frozenset({"plan_9"})) == [{"$any": True} if expected else value]
