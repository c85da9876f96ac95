"""Flow AI: programs that ask, interpreters that answer, events that tell."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowai.effects import (
        AdvancePlan,
        Agents,
        Approvals,
        AwaitApproval,
        CallAgent,
        CallModel,
        CallTool,
        Chance,
        Clock,
        DrawId,
        DrawNumber,
        Effect,
        File,
        LoadPlan,
        LoadRef,
        ModelAnswer,
        Models,
        Plans,
        ReadClock,
        References,
        Sleep,
        StorePlan,
        StoreRef,
        Tools,
    )
    from flowai.errors import Cancelled
    from flowai.programs import (
        Askable,
        Do,
        Program,
        ProgramFunction,
        RetryPolicy,
        Tree,
        agent_step,
        catch,
        ensure,
        fail,
        fallback,
        for_each,
        gather,
        program,
        pure,
        race,
        retry,
        timeout,
    )

__all__ = [
    "AdvancePlan",
    "Agents",
    "Approvals",
    "Askable",
    "AwaitApproval",
    "CallAgent",
    "CallModel",
    "CallTool",
    "Cancelled",
    "Chance",
    "Clock",
    "Do",
    "DrawId",
    "DrawNumber",
    "Effect",
    "File",
    "LoadPlan",
    "LoadRef",
    "ModelAnswer",
    "Models",
    "Plans",
    "Program",
    "ProgramFunction",
    "ReadClock",
    "References",
    "RetryPolicy",
    "Sleep",
    "StorePlan",
    "StoreRef",
    "Tools",
    "Tree",
    "agent_step",
    "catch",
    "ensure",
    "fail",
    "fallback",
    "for_each",
    "gather",
    "program",
    "pure",
    "race",
    "retry",
    "timeout",
]

_PROGRAMS = frozenset(name for name in __all__ if name.islower()) | {
    "Askable",
    "Do",
    "Program",
    "ProgramFunction",
    "RetryPolicy",
    "Tree",
}


def __getattr__(name: str) -> Any:
    """Load what is named when it is first used, so that the import costs little."""
    if name not in __all__:
        raise AttributeError(f"module `flowai` has no attribute `{name}`")
    module = import_module(_home(name))
    value = globals()[name] = getattr(module, name)
    return value


def _home(name: str) -> str:
    if name == "Cancelled":
        return "flowai.errors"
    return "flowai.programs" if name in _PROGRAMS else "flowai.effects"


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
