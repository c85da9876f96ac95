"""The interpreters: who answers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowai.interpreters.creation import create_runtime
    from flowai.interpreters.eval import Eval
    from flowai.interpreters.live import Live
    from flowai.interpreters.pending_approval import PendingApproval
    from flowai.interpreters.plan_record import PlanRecord
    from flowai.interpreters.recording import Recording
    from flowai.interpreters.run import Run
    from flowai.interpreters.runtime import Runtime
    from flowai.interpreters.test import Test
    from flowai.interpreters.wiring import define_runtime
    from flowai.specs.budget import Budget
    from flowai.specs.price import Price
    from flowai.specs.trouble import Crashes, Delays, Hangs

__all__ = [
    "Budget",
    "Crashes",
    "Delays",
    "Eval",
    "Hangs",
    "Live",
    "PendingApproval",
    "PlanRecord",
    "Price",
    "Recording",
    "Run",
    "Runtime",
    "Test",
    "create_runtime",
    "define_runtime",
]

_HOME = {
    "Budget": "flowai.specs.budget",
    "Crashes": "flowai.specs.trouble",
    "Delays": "flowai.specs.trouble",
    "Eval": "flowai.interpreters.eval",
    "Hangs": "flowai.specs.trouble",
    "Live": "flowai.interpreters.live",
    "PendingApproval": "flowai.interpreters.pending_approval",
    "PlanRecord": "flowai.interpreters.plan_record",
    "Price": "flowai.specs.price",
    "Recording": "flowai.interpreters.recording",
    "Run": "flowai.interpreters.run",
    "Runtime": "flowai.interpreters.runtime",
    "Test": "flowai.interpreters.test",
    "create_runtime": "flowai.interpreters.creation",
    "define_runtime": "flowai.interpreters.wiring",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, once."""
    if name not in _HOME:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    found = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name everything public."""
    return list(__all__)
