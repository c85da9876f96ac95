"""Kept runs at the command line: one process leaves them, others answer and go on; nothing happens twice."""

import asyncio
import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from flowai.cli.place import Place
from flowai.errors import RunCancelled
from tests.cli.processes import Shell


@pytest.fixture
def deleting(tmp_path: Path) -> Shell:
    return Shell(tmp_path, "deleting")


@pytest.fixture
def planning(tmp_path: Path) -> Shell:
    return Shell(tmp_path, "planning")


@pytest.fixture
def charging(tmp_path: Path) -> Shell:
    return Shell(tmp_path, "charging")


def left(shell: Shell, *words: str) -> str:
    """Begin a run that nobody is there to approve; returns what waits."""
    done = shell("run", "go", *words)
    assert done.returncode == 0, done.stderr
    return only(shell)["approval_id"]


def only(shell: Shell, verb: str = "approvals") -> dict[str, Any]:
    """Return the one object that a list has."""
    (line,) = shell(verb, "--json").stdout.splitlines()
    return json.loads(line)


def in_doubt(shell: Shell) -> str:
    """Let a process die of its write and go on in another one; returns the approval that asks what became of it."""
    assert shell("run", "go", "--specialist", "clerk").returncode == -signal.SIGKILL
    run = only(shell, "runs")
    assert run["status"] == "running"
    resumed = shell("resume", run["run_id"])
    assert resumed.returncode == 0, resumed.stderr
    approval = only(shell)
    assert approval["kind"] == "in_doubt"
    assert f"settle {approval['approval_id']} run_again" in resumed.stdout
    return approval["approval_id"]


def test_what_nobody_approved_waits_and_the_printed_line_answers_it(deleting: Shell) -> None:
    done = deleting("run", "go", "--specialist", "clerk")
    assert done.returncode == 0
    (approve,) = [line for line in done.stdout.splitlines() if line.startswith("flowai-harness approve ")]
    assert deleting.deeds == ["look 7"]
    assert deleting("runs").stdout.split("\t")[1:3] == ["paused", "terminal"]
    answered = deleting.pasted(approve)
    assert answered.returncode == 0, answered.stderr
    assert answered.stdout.splitlines()[-1] == "the row is settled"
    assert "look(row=7)" not in answered.stdout
    assert deleting.deeds == ["look 7", "delete 7"]
    assert only(deleting, "runs")["output"] == "the row is settled"
    assert deleting("approvals").stdout == ""


def test_an_answer_may_be_repeated_and_not_be_changed(deleting: Shell) -> None:
    approval = left(deleting, "--specialist", "clerk")
    assert deleting("approve", approval).returncode == 0
    assert deleting("approve", approval).returncode == 0
    changed = deleting("reject", approval)
    assert (changed.returncode, changed.stdout) == (1, "")
    assert changed.stderr.startswith("error: ")
    assert [line.split(":")[0] for line in changed.stderr.splitlines()] == ["error", "hint"]
    assert deleting.deeds == ["look 7", "delete 7"]


def test_a_rejection_is_told_with_its_reason_and_who_decided(deleting: Shell) -> None:
    approval = left(deleting, "--specialist", "clerk")
    done = deleting("reject", approval, "--reason", "not that row", "--principal", "bob")
    assert done.returncode == 0, done.stderr
    assert "rejected by bob" in done.stdout
    assert "not that row" in done.stdout
    assert deleting.deeds == ["look 7"]


def test_the_login_name_is_who_decides(deleting: Shell) -> None:
    assert "approved by ana" in deleting("approve", left(deleting, "--specialist", "clerk")).stdout


def test_edits_change_what_runs(deleting: Shell) -> None:
    approval = left(deleting, "--specialist", "clerk")
    assert deleting("approve", approval, "--edit", 'row="seven"').returncode == 1
    assert deleting("approve", approval, "--edit", "row=8").returncode == 0
    assert deleting.deeds == ["look 7", "delete 8"]


@pytest.mark.parametrize(
    ("words", "deeds"),
    [
        ((), ["A=10", "B down"]),
        (("--only", "1"), ["B down"]),
        (("--except", "1"), ["A=10"]),
        (("--only", "0,1", "--edit", "0.price=9.5"), ["A=9.5", "B down"]),
    ],
)
def test_a_plan_is_approved_in_part_or_with_edits(planning: Shell, words: tuple[str, ...], deeds: list[str]) -> None:
    done = planning("approve", left(planning), *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "that was all"
    assert planning.deeds == deeds


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--only", "7"), 1),
        (("--except", "0,1"), 1),
        (("--except", "7"), 2),
        (("--only", "a"), 2),
        (("--edit", "x"), 2),
    ],
)
def test_a_part_that_cannot_be_meant_decides_nothing(planning: Shell, words: tuple[str, ...], code: int) -> None:
    approval = left(planning)
    refused = planning("approve", approval, *words)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert only(planning)["approval_id"] == approval
    assert planning.deeds == []


@pytest.mark.parametrize(
    ("words", "more"),
    [(("happened", "--result", '"charged"'), 0), (("run_again",), 1), (("failed", "--reason", "not there"), 0)],
)
def test_a_write_in_doubt_is_settled_from_another_process(charging: Shell, words: tuple[str, ...], more: int) -> None:
    approval = in_doubt(charging)
    done = charging("settle", approval, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "the row is settled"
    assert charging.deeds == ["look 7", *["charge 7"] * (1 + more)]
    assert only(charging, "runs")["status"] == "finished"


@pytest.mark.parametrize(("word", "calls"), [("happened", 1), ("run_again", 2)])
def test_a_write_in_doubt_outlives_its_run_and_is_settled_all_the_same(
    charging: Shell, word: str, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = in_doubt(charging)
    monkeypatch.setenv("SHOP_FOLDER", str(charging.folder))
    cancel(Place(app="tests.cli.kept_shop:charging", storage=charging.storage), only(charging, "runs")["run_id"])
    assert only(charging, "runs")["status"] == "cancelled"
    done = charging("settle", approval, word)
    assert (done.returncode, done.stderr) == (0, "")
    assert "error" not in done.stdout
    assert charging.deeds == ["look 7", *["charge 7"] * calls]
    assert charging("approvals").stdout == ""


def cancel(place: Place, run_id: str) -> None:
    """Cancel a kept run."""

    async def whole() -> None:
        runtime = place.opened()
        run = runtime.resume(run_id)
        run.cancel("enough")
        with pytest.raises(RunCancelled):
            await run
        await runtime.drain(0)

    asyncio.run(whole())


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_yes_and_no_do_not_settle_a_write_in_doubt(charging: Shell, verb: str) -> None:
    approval = in_doubt(charging)
    refused = charging(verb, approval)
    assert refused.returncode == 1
    assert f"settle {approval}" in refused.stderr
    assert only(charging)["approval_id"] == approval


def test_an_approval_is_shown_in_full_with_the_lines_that_answer_it(planning: Shell) -> None:
    approval = left(planning)
    shown = planning("approvals", approval)
    assert shown.returncode == 0
    assert "change_price" in shown.stdout
    assert f"flowai-harness reject {approval} --app" in shown.stdout
    assert planning("approvals", "approval_0").returncode == 1


def test_a_terminal_is_shown_tables(deleting: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    assert "there are no approvals" in deleting("approvals").stdout
    left(deleting, "--specialist", "clerk")
    for verb, column, cell in (("runs", "status", "paused"), ("approvals", "kind", "tool")):
        shown = deleting(verb).stdout
        assert column in shown
        assert cell in shown
        assert "\t" not in shown


def test_lists_are_narrowed(deleting: Shell) -> None:
    left(deleting, "--specialist", "clerk", "--thread", "mine")
    assert [bool(deleting("runs", "--thread", each).stdout) for each in ("mine", "yours")] == [True, False]
    assert [bool(deleting("approvals", "--thread", each).stdout) for each in ("mine", "yours")] == [True, False]
    assert [bool(deleting("runs", "--status", each).stdout) for each in ("paused", "failed")] == [True, False]
    assert deleting("runs", "--tenant", "globex").stdout == ""


@pytest.mark.parametrize("words", [("approve", "{approval}"), ("resume", "{run}"), ("journal", "verify", "{run}")])
def test_another_tenant_and_an_unknown_id_are_refused_alike(deleting: Shell, words: tuple[str, ...]) -> None:
    ids = {"approval": left(deleting, "--specialist", "clerk"), "run": only(deleting, "runs")["run_id"]}
    known = [word.format(**ids) for word in words]
    unknown = [word.format(approval="approval_0", run="run_0") for word in words]
    for line in ([*known, "--tenant", "globex"], unknown):
        refused = deleting(*line)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("error: there is no ")
    assert deleting.deeds == ["look 7"]


def test_a_journal_is_verified_and_a_changed_one_is_named(deleting: Shell) -> None:
    left(deleting, "--specialist", "clerk")
    assert deleting("journal", "verify").stdout.endswith("as written\n")
    with sqlite3.connect(deleting.folder / "runs.db") as database:
        database.execute("UPDATE records SET digest = zeroblob(32) WHERE seq = 3")
    database.close()
    verified = deleting("journal", "verify", "--json")
    assert verified.returncode == 1
    assert json.loads(verified.stdout)["fault"]
    refused = deleting("resume", only(deleting, "runs")["run_id"])
    assert refused.returncode == 1
    assert deleting.deeds == ["look 7"]


def test_json_of_an_answer_is_the_events_that_are_new(deleting: Shell) -> None:
    done = deleting("approve", left(deleting, "--specialist", "clerk"), "--json")
    types = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert (types[0], types[-1]) == ("run_resumed", "run_finished")
    assert "tool_called" in types
    assert "run_started" not in types


def test_reading_needs_no_key_and_answering_without_one_decides_nothing(deleting: Shell) -> None:
    approval = left(deleting, "--specialist", "clerk")
    for verb in (("runs",), ("approvals",), ("journal", "verify")):
        assert deleting(*verb, app="spec").returncode == 0
    refused = deleting("approve", approval, app="spec")
    assert refused.returncode == 1
    assert "ANTHROPIC_API_KEY" in refused.stderr
    assert only(deleting)["approval_id"] == approval


def test_what_cannot_be_meant_ends_with_two(tmp_path: Path) -> None:
    shell = Shell(tmp_path, "deleting")
    app = ("--app", "tests.cli.kept_shop:deleting")
    for words in (("runs", *app), ("runs", *app, "--storage", "memory"), ("journal", *app), ("settle", "a", "maybe")):
        refused = shell.raw(*words)
        assert (refused.returncode, refused.stdout) == (2, "")


def test_an_app_with_a_store_of_its_own_takes_no_other(tmp_path: Path) -> None:
    shell = Shell(tmp_path, "storing")
    refused = shell("runs")
    assert refused.returncode == 2
    assert "leave `--storage` out" in refused.stderr
    listed = shell.raw("runs", "--app", "tests.cli.kept_shop:storing")
    assert (listed.returncode, listed.stdout) == (0, "")


def test_a_terminal_that_is_closed_leaves_the_approval_waiting(deleting: Shell) -> None:
    with deleting.at_terminal("run", "go", "--specialist", "clerk") as terminal:
        terminal.until("decide [")
        terminal.type("\x04")
        code, shown = terminal.ended()
    assert code == 0
    approval = only(deleting)["approval_id"]
    assert f"flowai-harness approve {approval}" in shown
    assert deleting("approve", approval).returncode == 0
    assert deleting.deeds == ["look 7", "delete 7"]


def test_input_that_ends_within_an_edit_approves_nothing(deleting: Shell) -> None:
    with deleting.at_terminal("run", "go", "--specialist", "clerk") as terminal:
        terminal.until("decide [")
        terminal.type("edit\nrow=8\n\x04")
        assert terminal.ended()[0] == 0
    assert only(deleting)["kind"] == "tool"
    assert deleting.deeds == ["look 7"]


def test_an_interrupt_at_an_approval_leaves_it_waiting(deleting: Shell) -> None:
    with deleting.at_terminal("run", "go", "--specialist", "clerk") as terminal:
        terminal.until("decide [")
        terminal.process.send_signal(signal.SIGINT)
        code, shown = terminal.ended()
    assert code == 1
    approval = only(deleting)["approval_id"]
    assert f"flowai-harness approve {approval}" in shown
    assert deleting("approve", approval).returncode == 0


def test_a_person_answers_when_a_run_is_resumed(deleting: Shell) -> None:
    left(deleting, "--specialist", "clerk")
    with deleting.at_terminal("resume", only(deleting, "runs")["run_id"]) as terminal:
        terminal.until("decide [")
        terminal.type("approve\n")
        code, shown = terminal.ended()
    assert code == 0
    assert "the row is settled" in shown
    assert deleting.deeds == ["look 7", "delete 7"]


def test_a_run_that_another_process_drives_hears_of_the_answer(deleting: Shell) -> None:
    with deleting.at_terminal("run", "go", "--specialist", "clerk") as terminal:
        terminal.until("decide [")
        answered = deleting("approve", only(deleting)["approval_id"])
        assert answered.returncode == 0
        assert "another process drives" in answered.stdout
        terminal.type("approve\n")
        code, shown = terminal.ended()
    assert code == 0
    assert "the row is settled" in shown
    assert deleting.deeds == ["look 7", "delete 7"]


def test_a_verification_of_everything_names_what_is_no_journal_too(deleting: Shell) -> None:
    approval = left(deleting, "--specialist", "clerk")
    with sqlite3.connect(deleting.folder / "runs.db") as database:
        database.execute("UPDATE approvals SET status = 'approved'")
    database.close()
    verified = deleting("journal", "verify", "--json")
    assert verified.returncode == 1
    found = [json.loads(line) for line in verified.stdout.splitlines()]
    assert [each["fault"] is None for each in found] == [True, False]
    assert approval in found[1]["run_id"]
