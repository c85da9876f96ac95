"""The tools that read the warehouse: real functions on real rows."""

from __future__ import annotations

from pydantic import BaseModel

from examples.restock.plan import ChangeReorderPoint, DiscontinueArticle, OrderArticle, RestockAction
from examples.restock.report import StockLine, StockReport, StockReports, make_report
from examples.restock.warehouse import Warehouse
from flowai_harness import Handle, Ref, ToolContext, define_tool

LEAD_WEEKS = 3
"""How long a supplier takes; a reorder point below the demand of that time comes too late."""


class Finding(BaseModel):
    """One article that needs attention, in the few words a model needs."""

    sku: str
    name: str
    stock: int
    on_order: int
    weekly_demand: float


@define_tool(access="read")
def report_stock(ctx: ToolContext[Warehouse], weeks: int = 104) -> Handle[StockReport]:
    """Report the stock and the weekly sales of every article.

    Args:
        ctx: the call.
        weeks: how far back the sales go.
    """
    ctx.report("reading the warehouse")
    report = make_report(ctx.services, weeks)
    ctx.report(f"{len(report.lines)} articles, {weeks} weeks of sales each")
    return ctx.references.store_sync(StockReports, report)


@define_tool(access="read")
def find_shortages(report: Ref[StockReport], limit: int = 5) -> list[Finding]:
    """Find the articles that run out first.

    Args:
        report: the handle of a stock report.
        limit: how many to name.
    """
    return [_finding(line) for line in report.value.shortages()[:limit]]


@define_tool(access="read")
def find_idle_stock(report: Ref[StockReport], limit: int = 3) -> list[Finding]:
    """Find the articles that fill the shelf and that nobody bought for half a year.

    Args:
        report: the handle of a stock report.
        limit: how many to name.
    """
    return [_finding(line) for line in report.value.idle()[:limit]]


@define_tool(access="read")
def draft_actions(report: Ref[StockReport], cover_weeks: int = 8) -> list[RestockAction]:
    """Work out what to order, which reorder points to change and what to give up.

    Args:
        report: the handle of a stock report.
        cover_weeks: how many weeks an order should last.
    """
    shortages = report.value.shortages()
    late = [line for line in shortages if _comes_too_late(line)]
    return [
        *(_order(line, cover_weeks) for line in shortages[:3]),
        *(_reorder_earlier(line) for line in late[:2]),
        *(_give_up(line) for line in report.value.idle()[:1]),
    ]


def _finding(line: StockLine) -> Finding:
    article = line.article
    return Finding(
        sku=article.sku,
        name=article.name,
        stock=article.stock,
        on_order=article.on_order,
        weekly_demand=round(line.demand, 1),
    )


def _order(line: StockLine, cover_weeks: int) -> OrderArticle:
    article = line.article
    missing = line.demand * cover_weeks - article.stock - article.on_order
    packs = max(1, round(missing / article.pack_size))
    return OrderArticle(
        sku=article.sku, name=article.name, supplier=article.supplier, quantity=packs * article.pack_size
    )


def _comes_too_late(line: StockLine) -> bool:
    return line.article.reorder_point < line.demand * LEAD_WEEKS


def _reorder_earlier(line: StockLine) -> ChangeReorderPoint:
    reorder_point = round(line.demand * LEAD_WEEKS)
    return ChangeReorderPoint(sku=line.article.sku, name=line.article.name, reorder_point=reorder_point)


def _give_up(line: StockLine) -> DiscontinueArticle:
    reason = f"nothing sold for half a year, {line.article.stock} on the shelf"
    return DiscontinueArticle(sku=line.article.sku, name=line.article.name, reason=reason)
