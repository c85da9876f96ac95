"""The four agents and the runtime they share."""

from __future__ import annotations

from examples.restock.actions import actions
from examples.restock.plan import restock_plan
from examples.restock.report import StockReports
from examples.restock.tools import draft_actions, find_idle_stock, find_shortages, report_stock
from flowai_harness import (
    define_coordinator,
    define_executor,
    define_planner,
    define_runtime,
    define_specialist,
    define_tenant,
)

analyst = define_specialist(
    name="stock_analyst",
    model="claude-haiku-4-5",
    prompt="Report the stock, then name what runs out, what nobody buys, and the handle of the report.",
    tools=[report_stock, find_shortages, find_idle_stock],
)

planner = define_planner(
    name="restock_planner",
    model="claude-sonnet-4-6",
    plan=restock_plan,
    prompt="Draft actions from the report, store them as a plan, and revise it when it is rejected.",
    tools=[draft_actions],
)

executor = define_executor(
    name="restock_executor",
    model="claude-haiku-4-5",
    plan=restock_plan,
    dispatcher=actions,
    # The plan was approved when the planner stored it; this only says that nobody is asked twice.
    approval={"plans": "never", "tools": "never"},
    prompt="Execute the approved plan.",
)

coordinator = define_coordinator(
    name="coordinator",
    model="claude-sonnet-4-6",
    routes=["stock_analyst", "restock_planner", "restock_executor"],
    approval={"plans": "always", "tools": "never"},
    prompt="Have the stock analysed, then planned from the report's handle, then the approved plan executed.",
)

spec = define_runtime(
    tenant=define_tenant("corner-store", "v1"),
    agents=[coordinator, analyst, planner, executor],
    references=[StockReports],
)
