"""What the command understands before any agent is loaded."""

import pytest

from flowai.cli import main


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("flowai-harness ")


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in ("run", "check", "dev"))


@pytest.mark.parametrize("argv", [[], ["run"], ["check"], ["walk"], ["run", "hello", "--app"]])
def test_what_cannot_be_meant_ends_with_two(argv: list[str]) -> None:
    assert main(argv) == 2


def test_dev_says_that_it_comes_later(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dev", "--app", "my_agents:app"]) == 2
    assert "announced and not there yet" in capsys.readouterr().err
