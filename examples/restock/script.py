"""What the models say: scripted, so that the job needs no key; tools, gate and database are real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowai.errors import ScriptMismatch
from flowai.specs.script import Seen, Step
from flowai_harness import Calls, Handle, Says, TestingConfig

REQUEST = "Get the warehouse ready for the summer."


@dataclass(frozen=True, slots=True)
class Reacts(Step):
    """The model answers to what it saw, as a real one would."""

    choose: Callable[[Seen], Step]

    def to_json(self, seen: Seen | None = None) -> dict[str, Any]:
        """Return the JSON form of the step that was chosen."""
        if seen is None:
            raise ScriptMismatch("this step answers to what was seen, and nothing was")
        return self.choose(seen).to_json(seen)


def report(seen: Seen) -> Handle[Any]:
    """Return the handle of the stock report."""
    return seen.ref("StockReport")


def findings(seen: Seen) -> Step:
    """Sum up, and name the report so that others find it."""
    said = "Some bestsellers last less than a week, and some shelves are full of what nobody buys."
    return Says(f"{said} All of it is in {report(seen)}.")


def handoff(seen: Seen) -> str:
    """Hand the report on by its handle; the report itself never enters a prompt."""
    return f"Plan the restocking from {report(seen)}; an order should last eight weeks."


def first_revision(seen: Seen) -> dict[str, Any]:
    """Plan what the tool worked out from the rows."""
    return {
        "goal": "no empty shelf this summer",
        "basis": report(seen),
        "actions": seen.answer("draft_actions"),
        "rationale": "the shortest cover first; what nobody buys makes room",
    }


def second_revision(seen: Seen) -> dict[str, Any]:
    """Do as the reviewer said: order half."""
    halved = [
        {**action, "quantity": max(1, action["quantity"] // 2)} if action["kind"] == "order_article" else action
        for action in seen.answer("draft_actions")
    ]
    return {**first_revision(seen), "actions": halved, "rationale": "half of each order, as the reviewer asked"}


def after_review(seen: Seen) -> Step:
    """Revise what was rejected; read back what was approved, because the reviewer may have edited it."""
    rejected = seen.answer("store_plan")["decision"] == "rejected"
    return Calls("store_plan", plan=second_revision) if rejected else Calls("get_plan")


def planned(seen: Seen) -> Step:
    """Tell the coordinator how the review ended."""
    return Says(f"The plan is {seen.answer('store_plan')['decision']}.")


def executed(seen: Seen) -> Step:
    """Tell the coordinator how the execution ended."""
    return Says(f"The plan's status is {seen.answer('execute_plan')['status']}.")


def passed_on(seen: Seen) -> Step:
    """Tell the user what the executor told."""
    return Says(str(seen.answer("call_agent")))


def scripted_models() -> TestingConfig:
    """Script each agent; humans decide at the terminal."""
    return TestingConfig(
        script={
            "coordinator": [
                Calls("call_agent", agent="stock_analyst", message="What runs out, and what does nobody buy?"),
                Calls("call_agent", agent="restock_planner", message=handoff),
                Calls("call_agent", agent="restock_executor", message="Execute the approved plan."),
                Reacts(passed_on),
            ],
            "stock_analyst": [
                Calls("report_stock", weeks=104),
                Calls("find_shortages", report=report) + Calls("find_idle_stock", report=report),
                Reacts(findings),
            ],
            "restock_planner": [
                Calls("draft_actions", report=report, cover_weeks=8),
                Calls("store_plan", plan=first_revision),
                Reacts(after_review),
                Reacts(planned),
            ],
            "restock_executor": [Calls("execute_plan"), Reacts(executed)],
        }
    )
