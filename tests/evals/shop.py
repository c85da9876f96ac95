"""A small shop for evals: a specialist that finds and orders, and its scripts."""

from typing import Any

from flowai.evals import TestCase, ToolCall, define_test_case
from flowai.interpreters import Runtime
from flowai_harness import (
    Calls,
    Says,
    TestingConfig,
    create_runtime,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)

ordered: list[tuple[str, int]] = []


@define_tool(access="read")
def find(query: str) -> list[str]:
    """Find articles."""
    return [f"{query}-1"]


@define_tool(access="write_once", approval="always")
def order(sku: str, units: int) -> str:
    """Order an article."""
    ordered.append((sku, units))
    return f"{units} of {sku}"


clerk = define_specialist(name="clerk", model="claude-haiku-4-5", prompt="Serve.", tools=[find, order])
spec = define_runtime(tenant=define_tenant("shop", "v1"), agents=[clerk])


def runtime() -> Runtime:
    return create_runtime(spec, testing=TestingConfig(mock_response="hello"))


def script(units: int = 3) -> list[Any]:
    return [Calls("find", query="red"), Calls("order", sku="red-1", units=units), Says(f"ordered {units}")]


def case(case_id: str = "order", *, units: int = 3, decisions: Any = ("approve",), **more: Any) -> TestCase:
    """A case that expects three units, whatever the script orders."""
    return define_test_case(
        case_id,
        "Order three red ones",
        agent="clerk",
        expected_trajectory=[ToolCall("find", {"query": "red"}), ToolCall("order", {"sku": "red-1", "units": 3})],
        expected_response="ordered 3",
        testing=TestingConfig(script=script(units), decisions=list(decisions)),
        **more,
    )
