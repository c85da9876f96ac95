"""The presets: names for scorers with their weights and settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from flowai.evals.gates import Finished, Gate, NoWriteWithoutDecision
from flowai.evals.trajectory import Actions, Trajectory
from flowai.evals.values import ExactMatch, JsonMatch

if TYPE_CHECKING:
    from flowai.evals.scorer import Scorer

PRESETS: dict[str, Sequence[Scorer]] = {
    "trajectory_only": (Trajectory(),),
    "planner": (
        Trajectory(order="partial", args="superset"),
        Actions(order="any", args="superset") * 2,
        Gate(NoWriteWithoutDecision()),
    ),
    "executor": (
        Trajectory(args="superset") * 2,
        Actions(),
        Gate(NoWriteWithoutDecision()),
    ),
    "specialist": (
        Trajectory(order="any", args="superset", extra="allow", value="recall"),
        JsonMatch(),
    ),
    "strict": (
        Trajectory(value="bool", count="all"),
        Actions(value="bool"),
        ExactMatch(),
        Gate(Finished()),
    ),
}
"""The scorers of each preset. A score that the case says nothing about is missing and counts for nothing."""


def describe_presets() -> str:
    """Return the table of presets in Markdown, as `docs/evals.md` has it.

    Example:
        >>> print(describe_presets().splitlines()[2])
        | `trajectory_only` | `trajectory` | 1 | the defaults |
    """
    lines = ["| preset | score | weight | settings |", "|---|---|---|---|"]
    for preset, scorers in PRESETS.items():
        for scorer in scorers:
            weight = "gate" if scorer.is_gate else f"{scorer.weight:g}"
            lines.append(f"| `{preset}` | `{scorer.name}` | {weight} | {_settings(scorer)} |")
    return "\n".join(lines)


def _settings(scorer: Scorer) -> str:
    told = [
        f'`{each.name}="{getattr(scorer, each.name)}"`'
        for each in fields(scorer)
        if each.name not in {"weight", "is_gate"} and getattr(scorer, each.name) != _default(each)
    ]
    kind = type(scorer).__name__ if type(scorer).__name__.lower() != scorer.name else ""
    kind = f"`{kind}`" if kind and scorer.name == "response" else ""
    return ", ".join([*filter(None, [kind]), *told]) or "the defaults"


def _default(field: object) -> object:
    factory = getattr(field, "default_factory", None)
    return factory() if callable(factory) else getattr(field, "default", None)
