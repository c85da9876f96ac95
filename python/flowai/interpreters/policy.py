"""What a runtime's policy says, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowai import _bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowai.specs.runtime import RuntimeSpec


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """Which rule decides about one agent and subject."""

    agent: str
    subject: str
    """A tool, or `plans`."""
    rule: str
    """`always`, `never` or the expression; several where a floor stands beside it."""
    source: str
    """Who set it."""
    shadowed: tuple[str, ...] = ()
    """The rules that a more specific one replaced, from broad to specific."""

    def __str__(self) -> str:
        over = f"  (over {', '.join(self.shadowed)})" if self.shadowed else ""
        return f"{self.agent:<24} {self.subject:<20} {self.rule:<10} {self.source}{over}"


@dataclass(frozen=True, slots=True)
class PolicyExplanation:
    """Every agent and subject, with the rule that decides."""

    rows: tuple[PolicyRow, ...]

    def __iter__(self) -> Iterator[PolicyRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, agent: str, subject: str) -> PolicyRow:
        """Return the row of an agent and a tool, or `plans`.

        Raises:
            KeyError: There is none.
        """
        for row in self.rows:
            if (row.agent, row.subject) == (agent, subject):
                return row
        raise KeyError((agent, subject))

    def __str__(self) -> str:
        return "\n".join(map(str, self.rows))


def explain(spec: RuntimeSpec) -> PolicyExplanation:
    """Return which rule decides for each agent and tool."""
    return PolicyExplanation(tuple(_row(each) for each in _bridge.explain_policy(spec.to_json())))


def _row(written: dict[str, Any]) -> PolicyRow:
    shadowed = tuple(f"{each['source']}: {_rule(each['rule'])}" for each in written.get("shadowed", ()))
    return PolicyRow(
        written["agent"], str(written["subject"]), _rule(written["rule"]), str(written["source"]), shadowed
    )


def _rule(written: Any) -> str:
    if isinstance(written, str):
        return written
    return str(written.get("when") or written.get("ask") or written)
