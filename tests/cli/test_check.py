"""What `check` shows of an app."""

import pytest

from flowai.cli import main


def test_faults_are_listed_with_their_hints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--app", "tests.cli.shop:broken"]) == 1
    shown = capsys.readouterr().out
    assert "did you mean `clerk`?" in shown
    assert "did you mean `delete_row`?" in shown


def test_policy_and_graph_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--app", "tests.cli.shop:spec"]) == 0
    shown = capsys.readouterr().out
    assert "the wiring has no faults" in shown
    assert "delete_row (write_once)" in shown
    assert "PricePlan of change_price, take_down" in shown
    assert [line.split()[1] for line in shown.splitlines() if "── " in line and "claude" in line] == [
        "desk",
        "clerk",
        "planner",
        "executor",
    ]


def test_a_runtime_is_checked_as_its_spec_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--app", "tests.cli.shop:talking"]) == 0
    assert "the wiring has no faults" in capsys.readouterr().out
