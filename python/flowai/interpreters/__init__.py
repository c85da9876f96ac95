"""The interpreters: who answers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowai.interpreters.creation import create_runtime
    from flowai.interpreters.wiring import define_runtime
    from flowai.interpreters.eval import Eval
    from flowai.interpreters.live import Live
    from flowai.interpreters.recording import Recording
    from flowai.interpreters.run import Run
    from flowai.interpreters.runtime import PendingApproval, Runtime
    from flowai.interpreters.script import Crashes, Delays, Hangs
    from flowai.interpreters.test import Test

__all__ = [
    "Crashes",
    "Delays",
    "Eval",
    "Hangs",
    "Live",
    "PendingApproval",
    "Recording",
    "Run",
    "Runtime",
    "Test",
    "create_runtime",
    "define_runtime",
]

_HOME = {
    "Crashes": "script",
    "Delays": "script",
    "Eval": "eval",
    "Hangs": "script",
    "Live": "live",
    "PendingApproval": "runtime",
    "Recording": "recording",
    "Run": "run",
    "Runtime": "runtime",
    "Test": "test",
    "create_runtime": "creation",
    "define_runtime": "wiring",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, once."""
    if name not in _HOME:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name everything public."""
    return list(__all__)
