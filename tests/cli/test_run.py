"""The terminal chat, with and without a person."""

import io
import json
import os
from collections.abc import Callable, Iterator

import pytest

from flowai.cli import main
from flowai.events import parse_event
from tests.cli import shop

Types = Callable[[str], None]


@pytest.fixture(autouse=True)
def nothing_done() -> Iterator[None]:
    shop.done.clear()
    yield
    shop.done.clear()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Types]:
    """Type lines into a real terminal."""
    person, terminal = os.openpty()
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield lambda lines: (os.write(person, lines.encode()), None)[1]
    os.close(person)


def test_an_answer_is_shown_without_what_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("talking", "hello") == 0
    shown = capsys.readouterr().out
    assert "[bold]9.99[/bold] \\u001b[2J \\u202e" in shown
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown


def test_json_is_one_event_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("talking", "hello", "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    events = [parse_event(json.loads(line)) for line in lines]
    assert (events[0].type, events[-1].type) == ("run_started", "run_finished")


def test_a_prompt_may_come_through_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hello\n"))
    assert run("talking") == 0
    assert "9.99" in capsys.readouterr().out


def test_no_prompt_at_all_cannot_be_meant(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run("talking") == 2
    assert "there is no prompt" in capsys.readouterr().err


def test_without_a_person_an_approval_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run("deleting", "delete row 7", "--specialist", "clerk") == 1
    assert "nobody can be asked; `--yes` approves everything" in " ".join(capsys.readouterr().out.split())
    assert shop.done == []


def test_yes_approves_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("planning", "new prices", "--yes") == 0
    assert shop.done == ["A=10.0", "B down"]
    assert "approved by --yes: plan PricePlan revision 1" in capsys.readouterr().out


def test_a_person_approves_a_tool(typed: Types, capsys: pytest.CaptureFixture[str]) -> None:
    typed("approve\n")
    assert run("deleting", "delete row 7", "--specialist", "clerk") == 0
    assert shop.done == [f"deleted 7: {shop.HOSTILE}"]
    assert "\x1b[2J" not in capsys.readouterr().out


def test_a_person_rejects_with_a_reason(typed: Types, capsys: pytest.CaptureFixture[str]) -> None:
    typed("reject\nnot that row\n")
    assert run("deleting", "delete row 7", "--specialist", "clerk") == 0
    assert shop.done == []
    assert "not that row" in capsys.readouterr().out


def test_a_person_edits_the_arguments_of_a_tool(typed: Types) -> None:
    typed('edit\nrow=8\nwhy="that one"\n\n')
    assert run("deleting", "delete row 7", "--specialist", "clerk") == 0
    assert shop.done == ["deleted 8: that one"]


def test_a_person_edits_one_action(typed: Types, capsys: pytest.CaptureFixture[str]) -> None:
    typed("edit\n0.price=9.5\n\n")
    assert run("planning", "new prices") == 0
    assert shop.done == ["A=9.5", "B down"]
    assert "/actions/0/price" in capsys.readouterr().out


def test_input_that_ends_within_an_edit_is_a_no(typed: Types) -> None:
    typed("edit\nrow=8\n\x04")
    assert run("deleting", "delete row 7", "--specialist", "clerk") == 0
    assert shop.done == []


def test_a_person_picks_actions(typed: Types) -> None:
    typed("pick\n7\n1\n")
    assert run("planning", "new prices") == 0
    assert shop.done == ["B down"]


def test_an_edit_that_does_not_fit_asks_again(typed: Types, capsys: pytest.CaptureFixture[str]) -> None:
    typed('edit\n0.price="cheap"\n\napprove\n')
    assert run("planning", "new prices") == 0
    assert "that cannot be decided" in capsys.readouterr().out
    assert shop.done == ["A=10.0", "B down"]


@pytest.mark.parametrize("person", [[], ["--yes"]])
def test_what_a_script_has_decided_is_not_asked_for_ever(person: list[str], typed: Types) -> None:
    typed("approve\n")
    assert run("decided", "delete row 7", "--specialist", "clerk", *person) == 0
    assert shop.done == ["deleted 8: old"]


def test_a_chat_goes_on_until_an_empty_line(typed: Types, capsys: pytest.CaptureFixture[str]) -> None:
    typed("hello\nhello again\n\n")
    assert run("talking") == 0
    assert capsys.readouterr().out.count("agents; an empty line") == 1


def test_a_run_that_fails_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("deleting", "hello") == 1
    assert "hint:" in capsys.readouterr().out


def run(app: str, *arguments: str) -> int:
    return main(["run", "--app", f"tests.cli.shop:{app}", *arguments])
