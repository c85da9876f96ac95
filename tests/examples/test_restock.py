"""The main job in its three modes, on its own warehouse and on Northwind."""

import asyncio
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from rich.console import Console

from examples.restock.__main__ import main
from examples.restock.job import Outcome, Word, restock
from examples.restock.plan import ChangeReorderPoint, DiscontinueArticle, OrderArticle, RestockAction
from examples.restock.report import make_report
from examples.restock.review import Mode
from examples.restock.stocking import build_warehouse
from examples.restock.tools import draft_actions
from examples.restock.warehouse import Article, SqliteWarehouse, Warehouse
from flowai.events import (
    ActionFinished,
    ApprovalRequired,
    Envelope,
    ModelAnswered,
    PlanChanged,
    PlanStored,
    ReferenceHydrated,
    ReferenceStored,
)
from flowai_harness import Ref
from tests.examples.northwind import Northwind

NORTHWIND = Path(__file__).parents[2] / "../shared/data/northwind/northwind.sqlite"

Row = tuple[int, int, bool]
E = TypeVar("E", bound=Envelope)


@pytest.fixture
def warehouse(tmp_path: Path) -> SqliteWarehouse:
    return build_warehouse(tmp_path / "warehouse.sqlite")


@pytest.fixture
def northwind(tmp_path: Path) -> Northwind:
    if not NORTHWIND.exists():
        pytest.skip(f"the shared data is not here: {NORTHWIND.name} is looked for in ../shared/data/northwind")
    return Northwind(Path(shutil.copy(NORTHWIND, tmp_path / "northwind.sqlite")))


def test_the_warehouse_is_large_and_always_the_same(warehouse: SqliteWarehouse, tmp_path: Path) -> None:
    again = build_warehouse(tmp_path / "again.sqlite")
    assert again.articles() == warehouse.articles()
    assert again.weekly_sales(104) == warehouse.weekly_sales(104)
    assert len(make_report(warehouse, 104).model_dump_json()) > 100_000


def test_an_order_is_placed_once_however_often_it_comes(warehouse: SqliteWarehouse) -> None:
    before = warehouse.articles()
    assert warehouse.place_order("A-196", 12, "key") == warehouse.place_order("A-196", 12, "key")
    warehouse.cancel_order("A-196", 12, "key")
    warehouse.cancel_order("A-196", 12, "key")
    assert warehouse.articles() == before


@pytest.mark.parametrize("interpreter", ["test", "eval"])
def test_yes_applies_the_plan_as_it_is(warehouse: SqliteWarehouse, interpreter: Word) -> None:
    planned, changed, outcome = run(warehouse, Mode.YES, interpreter)
    assert changed == expected(warehouse, planned)
    assert outcome.answer == "The plan's status is EXECUTED."
    assert len(of(outcome, ActionFinished)) == len(planned) == 6
    assert orders(warehouse) == [(each.sku, each.quantity) for each in planned if isinstance(each, OrderArticle)]


def test_the_word_that_chooses_the_interpreter_changes_no_event(tmp_path: Path) -> None:
    told = [
        [event.model_dump_json() for event in run(build_warehouse(tmp_path / word), Mode.YES, word)[2].events]
        for word in ("test", "eval")
    ]
    assert told[0] == told[1]


def test_edit_applies_what_the_reviewer_wrote(warehouse: SqliteWarehouse) -> None:
    planned, changed, outcome = run(warehouse, Mode.EDIT)
    edited = [
        each.model_copy(update={"quantity": each.quantity * 3 // 4}) if isinstance(each, OrderArticle) else each
        for each in planned
    ]
    assert changed == expected(warehouse, edited)
    diff = [change for event in of(outcome, PlanChanged) for change in event.diff]
    assert [(change.path, change.before, change.after) for change in diff] == [
        (f"/actions/{index}/quantity", each.quantity, each.quantity * 3 // 4)
        for index, each in enumerate(planned)
        if isinstance(each, OrderArticle)
    ]


def test_reject_makes_the_planner_store_a_second_revision(warehouse: SqliteWarehouse) -> None:
    planned, changed, outcome = run(warehouse, Mode.REJECT)
    halved = [
        each.model_copy(update={"quantity": each.quantity // 2}) if isinstance(each, OrderArticle) else each
        for each in planned
    ]
    assert changed == expected(warehouse, halved)
    assert [event.revision for event in of(outcome, PlanStored)] == [1, 2]
    assert len({event.approval_id for event in of(outcome, ApprovalRequired)}) == 2


def test_nothing_changes_before_the_approval(warehouse: SqliteWarehouse) -> None:
    _, _, outcome = run(warehouse, Mode.YES)
    kinds = [event.type for event in outcome.events]
    assert kinds.index("approval_resolved") < kinds.index("action_started")


def test_the_report_travels_as_a_reference(warehouse: SqliteWarehouse) -> None:
    _, _, outcome = run(warehouse, Mode.YES)
    (stored,) = of(outcome, ReferenceStored)
    assert stored.bytes > 100_000
    assert {event.id for event in of(outcome, ReferenceHydrated)} == {stored.id}
    assert max(len(event.model_dump_json()) for event in outcome.events) < 20_000
    handle = {"kind": "StockReport", "id": stored.id}
    (draft,) = [call for call in calls(outcome) if call["name"] == "draft_actions"]
    assert draft["arguments"]["report"] == handle


@pytest.mark.parametrize("flag", ["--yes", "--edit", "--reject"])
def test_the_command_shows_cards_and_changed_rows(
    flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([flag, "--database", str(tmp_path / "warehouse.sqlite")]) == 0
    shown = capsys.readouterr().out
    assert shown.count("your approval: ") == (2 if flag == "--reject" else 1)
    assert "cannot be undone" in shown
    assert "What changed in the database" in shown
    assert ("/actions/0/quantity" in shown) == (flag != "--yes")


@pytest.mark.parametrize(("word", "code", "said"), [("eval", 0, "answered by the eval"), ("tset", 1, "`tset`")])
def test_one_word_chooses_the_interpreter(
    word: str, code: int, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWAI_INTERPRETER", word)
    assert main(["--yes"]) == code
    captured = capsys.readouterr()
    assert said in captured.out + captured.err


def test_a_file_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    precious = tmp_path / "warehouse.sqlite"
    precious.write_text("precious")
    assert main(["--database", str(precious)]) == 1
    assert "is there already" in capsys.readouterr().err.replace("\n", " ")
    assert precious.read_text() == "precious"


def test_without_a_terminal_it_acts_as_yes_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["--database", str(tmp_path / "warehouse.sqlite")]) == 0
    assert "acting as --yes" in capsys.readouterr().out


@pytest.mark.parametrize("mode", [Mode.YES, Mode.EDIT, Mode.REJECT])
def test_the_same_job_runs_on_northwind(northwind: Northwind, mode: Mode) -> None:
    before = rows(northwind)
    planned, changed, outcome = run(northwind, mode)
    assert {type(each) for each in planned} >= {OrderArticle, ChangeReorderPoint}
    assert set(changed) == {each.sku for each in planned}
    for order in (each for each in planned if isinstance(each, OrderArticle)):
        ordered = changed[order.sku][0] - before[order.sku][0]
        share = {Mode.YES: 1.0, Mode.EDIT: 0.75, Mode.REJECT: 0.5}[mode]
        assert ordered == max(1, int(order.quantity * share))
    assert outcome.answer == "The plan's status is EXECUTED."


def run(
    warehouse: Warehouse, mode: Mode, interpreter: Word = "test"
) -> tuple[Sequence[RestockAction], dict[str, Row], Outcome]:
    """Run the job and return what was drafted, the rows that changed, and the outcome."""
    report = make_report(warehouse, 104)
    planned = draft_actions(Ref.hydrated("StockReport:before", report), cover_weeks=8)
    before = rows(warehouse)
    outcome = asyncio.run(restock(warehouse, mode, Console(file=io.StringIO()), interpreter))
    changed = {sku: row for sku, row in rows(warehouse).items() if row != before[sku]}
    return planned, changed, outcome


def expected(warehouse: SqliteWarehouse, actions: Sequence[RestockAction]) -> dict[str, Row]:
    """Return the rows that the actions leave behind, worked out without any agent."""
    untouched = build_warehouse(warehouse.path.with_name("untouched.sqlite"))
    after = {article.sku: article for article in untouched.articles()}
    for action in actions:
        after[action.sku] = after[action.sku].model_copy(update=_update(after[action.sku], action))
    return {action.sku: _row(after[action.sku]) for action in actions}


def _update(article: Article, action: RestockAction) -> dict[str, object]:
    match action:
        case OrderArticle():
            return {"on_order": article.on_order + action.quantity}
        case ChangeReorderPoint():
            return {"reorder_point": action.reorder_point}
        case DiscontinueArticle():
            return {"discontinued": True}


def rows(warehouse: Warehouse) -> dict[str, Row]:
    return {article.sku: _row(article) for article in warehouse.articles()}


def _row(article: Article) -> Row:
    return article.on_order, article.reorder_point, article.discontinued


def orders(warehouse: SqliteWarehouse) -> list[tuple[str, int]]:
    with warehouse.connected() as database:
        return [tuple(row) for row in database.execute("SELECT sku, quantity FROM purchase_orders ORDER BY rowid")]


def of(outcome: Outcome, kind: type[E]) -> list[E]:
    return [event for event in outcome.events if isinstance(event, kind)]


def calls(outcome: Outcome) -> list[dict[str, Any]]:
    return [call.model_dump() for event in of(outcome, ModelAnswered) for call in event.tool_calls]
