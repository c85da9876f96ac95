"""A budget: how much a run or a thread may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from flowai.errors import SpecError
from flowai.specs.faults import Faults

if TYPE_CHECKING:
    from flowai.specs.encoding import JsonObject

N = TypeVar("N", int, float)

MOST = 10**12
"""No limit is higher: nothing that is counted in a core of 64 bits can overflow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Hard limits: the first call that would exceed one is refused before it is made.

    The refusal is a `LimitReached`, which ends agents and which a program may catch; every further
    call is refused again. What is None is not limited.

    Args:
        tokens: Tokens that models read and write.
        cost_usd: What models cost, in US dollars.
        model_calls: Calls of models.
        tool_calls: Calls of tools.
        time_s: Seconds, without those in which only humans are waited for.

    Raises:
        SpecError: A limit is no number, or is negative.

    Example:
        >>> Budget(cost_usd=0.5, model_calls=20).to_json()["cost_microusd"]
        500000
    """

    tokens: int | None = None
    """Tokens that models read and write."""
    cost_usd: float | None = None
    """What models cost, in US dollars."""
    model_calls: int | None = None
    """Calls of models."""
    tool_calls: int | None = None
    """Calls of tools."""
    time_s: float | None = None
    """Seconds, without those in which only humans are waited for."""

    def __post_init__(self) -> None:
        faults = Faults("budget")
        for name in ("tokens", "model_calls", "tool_calls"):
            _check(name, getattr(self, name), int, faults)
        for name in ("cost_usd", "time_s"):
            _check(name, getattr(self, name), (int, float), faults)
        faults.raise_if_any()

    def narrowed(self, other: Budget | None) -> Budget:
        """Return the budget that allows what both allow.

        Example:
            >>> Budget(tokens=100, tool_calls=5).narrowed(Budget(tokens=50))
            Budget(tokens=50, cost_usd=None, model_calls=None, tool_calls=5, time_s=None)
        """
        if other is None:
            return self
        return Budget(
            tokens=_lower(self.tokens, other.tokens),
            cost_usd=_lower(self.cost_usd, other.cost_usd),
            model_calls=_lower(self.model_calls, other.model_calls),
            tool_calls=_lower(self.tool_calls, other.tool_calls),
            time_s=_lower(self.time_s, other.time_s),
        )

    def to_json(self) -> JsonObject:
        """Return the JSON form, in whole millionths of a dollar and whole milliseconds."""
        return {
            "tokens": self.tokens,
            "cost_microusd": None if self.cost_usd is None else round(self.cost_usd * 1_000_000),
            "model_calls": self.model_calls,
            "tool_calls": self.tool_calls,
            "time_ms": None if self.time_s is None else round(self.time_s * 1_000),
        }


def _check(name: str, limit: object, kind: type | tuple[type, ...], faults: Faults) -> None:
    if limit is None:
        return
    if isinstance(limit, bool) or not isinstance(limit, kind):
        wanted = "a whole number" if kind is int else "a number"
        faults.add(f"`{name}` is {limit!r}, not {wanted}", hint=f"write `Budget({name}=100)`")
    elif isinstance(limit, int | float) and not 0 <= limit <= MOST:
        faults.add(f"`{name}` is {limit!r}", hint="give a number from 0 to a million million, or leave it out")


def _lower(one: N | None, other: N | None) -> N | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def checked_budget(budget: object, where: str = "budget") -> Budget:
    """Return a budget that was given, or one that limits nothing.

    Raises:
        SpecError: It is no budget.
    """
    if budget is None:
        return Budget()
    if not isinstance(budget, Budget):
        raise SpecError(f"`{where}` is {budget!r}", hint="write `Budget(tokens=100_000)`")
    return budget
