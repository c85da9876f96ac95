"""What the job needs of a warehouse, and the warehouse in SQLite that answers it."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel


class Article(BaseModel):
    """One article as it stands on the shelf."""

    sku: str
    name: str
    supplier: str
    stock: int
    on_order: int
    reorder_point: int
    pack_size: int
    discontinued: bool


class Warehouse(Protocol):
    """What tools ask of a warehouse; an adapter for another database answers the same questions."""

    def articles(self) -> list[Article]:
        """Return every article, ordered by SKU."""
        ...

    def weekly_sales(self, weeks: int) -> dict[str, list[int]]:
        """Return the units sold of each article in each of the last weeks, the newest last."""
        ...

    def place_order(self, sku: str, quantity: int, order_key: str) -> int:
        """Order an article once, however often the same key comes, and return what is on order now."""
        ...

    def cancel_order(self, sku: str, quantity: int, order_key: str) -> None:
        """Take back an order."""
        ...

    def set_reorder_point(self, sku: str, reorder_point: int) -> int:
        """Set the stock at which an article is ordered again and return the one before."""
        ...

    def discontinue(self, sku: str) -> None:
        """Take an article out of the range."""
        ...


@dataclass(frozen=True)
class SqliteWarehouse:
    """The example's own warehouse; tools run on threads, so each call opens a connection of its own."""

    path: Path

    def articles(self) -> list[Article]:
        """Return every article, ordered by SKU."""
        with self.connected() as database:
            rows = database.execute("SELECT * FROM articles ORDER BY sku").fetchall()
        return [Article.model_validate(dict(row)) for row in rows]

    def weekly_sales(self, weeks: int) -> dict[str, list[int]]:
        """Return the units sold of each article in each of the last weeks, the newest last."""
        sold: dict[str, list[int]] = defaultdict(lambda: [0] * weeks)
        with self.connected() as database:
            for sku, weeks_ago, units in database.execute(_WEEKLY_SALES, {"weeks": weeks}):
                sold[sku][weeks - 1 - weeks_ago] = units
        return dict(sold)

    def place_order(self, sku: str, quantity: int, order_key: str) -> int:
        """Order an article once, however often the same key comes, and return what is on order now."""
        with self.connected() as database:
            row = (order_key, sku, quantity)
            placed = database.execute("INSERT OR IGNORE INTO purchase_orders VALUES (?, ?, ?)", row).rowcount
            if placed:
                self._add_on_order(database, sku, quantity)
            (on_order,) = database.execute("SELECT on_order FROM articles WHERE sku = ?", (sku,)).fetchone()
        return int(on_order)

    def cancel_order(self, sku: str, quantity: int, order_key: str) -> None:
        """Take back an order."""
        with self.connected() as database:
            if database.execute("DELETE FROM purchase_orders WHERE order_key = ?", (order_key,)).rowcount:
                self._add_on_order(database, sku, -quantity)

    def set_reorder_point(self, sku: str, reorder_point: int) -> int:
        """Set the stock at which an article is ordered again and return the one before."""
        with self.connected() as database:
            (before,) = database.execute("SELECT reorder_point FROM articles WHERE sku = ?", (sku,)).fetchone()
            database.execute("UPDATE articles SET reorder_point = ? WHERE sku = ?", (reorder_point, sku))
        return int(before)

    def discontinue(self, sku: str) -> None:
        """Take an article out of the range."""
        with self.connected() as database:
            database.execute("UPDATE articles SET discontinued = 1 WHERE sku = ?", (sku,))

    @contextmanager
    def connected(self) -> Generator[sqlite3.Connection]:
        """Open a connection for one transaction."""
        database = sqlite3.connect(self.path)
        database.row_factory = sqlite3.Row
        try:
            with database:
                yield database
        finally:
            database.close()

    def _add_on_order(self, database: sqlite3.Connection, sku: str, quantity: int) -> None:
        database.execute("UPDATE articles SET on_order = on_order + ? WHERE sku = ?", (quantity, sku))


_WEEKLY_SALES = """
    SELECT sku, CAST((julianday(last.day) - julianday(sales.day)) / 7 AS INTEGER) AS weeks_ago, sum(quantity)
    FROM sales, (SELECT max(day) AS day FROM sales) AS last
    WHERE julianday(last.day) - julianday(sales.day) < 7 * :weeks
    GROUP BY sku, weeks_ago
"""
