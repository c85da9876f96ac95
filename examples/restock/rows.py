"""What the job changed: rows of the database, before and after."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from examples.restock.warehouse import Article


def show_changed_rows(console: Console, before: list[Article], after: list[Article]) -> None:
    """Print the rows that differ between two readings of the database."""
    table = Table("sku", "name", "on order", "reorder point", "in range", title="What changed in the database")
    for old, new in zip(before, after, strict=True):
        if old != new:
            table.add_row(
                Text(new.sku),
                Text(new.name),
                _cell(old.on_order, new.on_order),
                _cell(old.reorder_point, new.reorder_point),
                _cell(_in_range(old), _in_range(new)),
            )
    console.print(table if table.row_count else Text("Nothing changed in the database.", style="bold"))


def _in_range(article: Article) -> str:
    return "no" if article.discontinued else "yes"


def _cell(old: object, new: object) -> Text:
    if old == new:
        return Text(str(new), style="dim")
    return Text.assemble((str(old), "red"), " → ", (str(new), "bold green"))
