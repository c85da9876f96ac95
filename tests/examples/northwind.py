"""Northwind, answering the questions that the restocking job asks of a warehouse."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from examples.restock.warehouse import Article

ARTICLES = """
    SELECT CAST(ProductID AS TEXT) AS sku, ProductName AS name, CompanyName AS supplier, UnitsInStock AS stock,
           UnitsOnOrder AS on_order, ReorderLevel AS reorder_point, 1 AS pack_size, Discontinued AS discontinued
    FROM Products JOIN Suppliers USING (SupplierID) ORDER BY ProductID
"""

WEEKLY_SALES = """
    SELECT CAST(ProductID AS TEXT), CAST((julianday(last.day) - julianday(OrderDate)) / 7 AS INTEGER) AS weeks_ago,
           sum(Quantity)
    FROM Orders JOIN "Order Details" USING (OrderID), (SELECT max(OrderDate) AS day FROM Orders) AS last
    WHERE julianday(last.day) - julianday(OrderDate) < 7 * :weeks
    GROUP BY ProductID, weeks_ago
"""


@dataclass(frozen=True)
class Northwind:
    """A copy of the database, which holds orders as units on order only."""

    path: Path

    def articles(self) -> list[Article]:
        with self.connected() as database:
            return [Article.model_validate(dict(row)) for row in database.execute(ARTICLES)]

    def weekly_sales(self, weeks: int) -> dict[str, list[int]]:
        sold: dict[str, list[int]] = {}
        with self.connected() as database:
            for sku, weeks_ago, units in database.execute(WEEKLY_SALES, {"weeks": weeks}):
                sold.setdefault(sku, [0] * weeks)[weeks - 1 - weeks_ago] = units
        return sold

    def place_order(self, sku: str, quantity: int, order_key: str) -> int:
        return self._set(sku, "UnitsOnOrder = UnitsOnOrder + ?", quantity).on_order

    def cancel_order(self, sku: str, quantity: int, order_key: str) -> None:
        self._set(sku, "UnitsOnOrder = UnitsOnOrder - ?", quantity)

    def set_reorder_point(self, sku: str, reorder_point: int) -> int:
        before = self._article(sku).reorder_point
        self._set(sku, "ReorderLevel = ?", reorder_point)
        return before

    def discontinue(self, sku: str) -> None:
        self._set(sku, "Discontinued = ?", "1")

    @contextmanager
    def connected(self) -> Generator[sqlite3.Connection]:
        database = sqlite3.connect(self.path)
        database.row_factory = sqlite3.Row
        try:
            with database:
                yield database
        finally:
            database.close()

    def _set(self, sku: str, assignment: str, value: object) -> Article:
        with self.connected() as database:
            database.execute(f"UPDATE Products SET {assignment} WHERE ProductID = ?", (value, sku))  # noqa: S608 — ours
        return self._article(sku)

    def _article(self, sku: str) -> Article:
        return next(article for article in self.articles() if article.sku == sku)
