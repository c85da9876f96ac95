"""The stock report: too large for any prompt, so it travels as a reference with a glimpse."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from examples.restock.warehouse import Article, Warehouse
from flowai_harness import define_reference

RECENT_WEEKS = 8


class StockLine(BaseModel):
    """One article and what was sold of it in each week, the newest last."""

    article: Article
    weekly_units: list[int]

    @property
    def demand(self) -> float:
        """Units a week, lately."""
        recent = self.weekly_units[-RECENT_WEEKS:]
        return sum(recent) / len(recent)

    @property
    def cover_weeks(self) -> float:
        """How many weeks the stock and what is on order will last."""
        return (self.article.stock + self.article.on_order) / self.demand if self.demand else float("inf")


class StockReport(BaseModel):
    """Every article with two years of weekly sales."""

    lines: list[StockLine]

    def shortages(self) -> list[StockLine]:
        """Return what will run out within two weeks, the most urgent first; ties in order of SKU."""
        short = (line for line in self.active() if line.cover_weeks < 2)
        return sorted(short, key=lambda line: (line.cover_weeks, line.article.sku))

    def idle(self) -> list[StockLine]:
        """Return what fills the shelf and was not sold for half a year, the fullest shelf first."""
        unsold = (line for line in self.active() if line.article.stock and not any(line.weekly_units[-26:]))
        return sorted(unsold, key=lambda line: (-line.article.stock, line.article.sku))

    def active(self) -> list[StockLine]:
        """Return what is still in the range."""
        return [line for line in self.lines if not line.article.discontinued]


def make_report(warehouse: Warehouse, weeks: int) -> StockReport:
    """Read the whole warehouse."""
    sold = warehouse.weekly_sales(weeks)
    lines = [
        StockLine(article=article, weekly_units=sold.get(article.sku, [0] * weeks)) for article in warehouse.articles()
    ]
    return StockReport(lines=lines)


def glimpse(report: StockReport) -> dict[str, Any]:
    """Say as much of a report as a model needs to reason about it."""
    shortages, idle = report.shortages(), report.idle()
    return {
        "articles": len(report.lines),
        "shortages": len(shortages),
        "idle": len(idle),
        "most_urgent": [line.article.name for line in shortages[:3]],
    }


StockReports = define_reference(name="StockReport", schema=StockReport, ttl_ms=60 * 60 * 1_000, glimpse=glimpse)
