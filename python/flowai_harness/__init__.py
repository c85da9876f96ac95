"""The announced facade: specs of agents and the runtime that runs them.

Nothing here costs an import until it is used.

Example:
    >>> from flowai_harness import define_tenant
    >>> define_tenant("acme", "v1").id
    'acme'
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowai.errors import FlowaiError, SpecError
    from flowai.evals import RawSampleOutput, define_test_case, score_sample
    from flowai.interpreters import Run, Runtime, create_runtime, define_runtime
    from flowai.specs.budget import Budget
    from flowai.specs.context import ToolContext
    from flowai.specs.decision import Failed, Happened, RunAgain
    from flowai.specs.define_agent import define_coordinator, define_executor, define_planner, define_specialist
    from flowai.specs.dispatcher import ActionDispatcher
    from flowai.specs.handle import Handle, Ref
    from flowai.specs.plan import define_plan
    from flowai.specs.price import Price
    from flowai.specs.provider import ProviderConfig
    from flowai.specs.reference import define_reference
    from flowai.specs.script import Answers, Calls, Fails, Says, Thinks
    from flowai.specs.tagged_union import TaggedUnion
    from flowai.specs.tenant import define_tenant
    from flowai.specs.testing import Approve, Reject, TestingConfig
    from flowai.specs.tool import define_tool

    __version__: str

__all__ = [
    "ActionDispatcher",
    "Answers",
    "Approve",
    "Budget",
    "Calls",
    "Failed",
    "Fails",
    "FlowaiError",
    "Handle",
    "Happened",
    "Price",
    "ProviderConfig",
    "RawSampleOutput",
    "Ref",
    "Reject",
    "Run",
    "RunAgain",
    "Runtime",
    "Says",
    "SpecError",
    "TaggedUnion",
    "TestingConfig",
    "Thinks",
    "ToolContext",
    "create_runtime",
    "define_coordinator",
    "define_executor",
    "define_plan",
    "define_planner",
    "define_reference",
    "define_runtime",
    "define_specialist",
    "define_tenant",
    "define_test_case",
    "define_tool",
    "score_sample",
]

_HOME = {
    "ActionDispatcher": "flowai.specs.dispatcher",
    "Answers": "flowai.specs.script",
    "Approve": "flowai.specs.testing",
    "Budget": "flowai.specs.budget",
    "Calls": "flowai.specs.script",
    "Failed": "flowai.specs.decision",
    "Fails": "flowai.specs.script",
    "FlowaiError": "flowai.errors",
    "Handle": "flowai.specs.handle",
    "Happened": "flowai.specs.decision",
    "Price": "flowai.specs.price",
    "ProviderConfig": "flowai.specs.provider",
    "RawSampleOutput": "flowai.evals",
    "Ref": "flowai.specs.handle",
    "Reject": "flowai.specs.testing",
    "Run": "flowai.interpreters",
    "RunAgain": "flowai.specs.decision",
    "Runtime": "flowai.interpreters",
    "Says": "flowai.specs.script",
    "SpecError": "flowai.errors",
    "TaggedUnion": "flowai.specs.tagged_union",
    "TestingConfig": "flowai.specs.testing",
    "Thinks": "flowai.specs.script",
    "ToolContext": "flowai.specs.context",
    "create_runtime": "flowai.interpreters",
    "define_coordinator": "flowai.specs.define_agent",
    "define_executor": "flowai.specs.define_agent",
    "define_plan": "flowai.specs.plan",
    "define_planner": "flowai.specs.define_agent",
    "define_reference": "flowai.specs.reference",
    "define_runtime": "flowai.interpreters",
    "define_specialist": "flowai.specs.define_agent",
    "define_tenant": "flowai.specs.tenant",
    "define_test_case": "flowai.evals",
    "define_tool": "flowai.specs.tool",
    "score_sample": "flowai.evals",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, once."""
    if name == "__version__":
        found: Any = version("flowai-harness")
    elif name in _HOME:
        found = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name everything public."""
    return sorted([*__all__, "__version__"])
