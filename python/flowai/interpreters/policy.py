"""What a runtime's policy says, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowai import _bridge
from flowai.errors import Fault, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowai.specs.runtime import RuntimeSpec


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """Which rule decides about one agent and subject."""

    agent: str
    subject: str
    """A tool, or `plans`."""
    rule: str
    """`always`, `never` or the expression."""
    source: str
    """Who set it."""
    shadowed: tuple[str, ...] = ()
    """The rules that a more specific one replaced, from broad to specific."""
    also: tuple[str, ...] = ()
    """Rules that decide as well: a tool's own floor, what an interpreter adds. One that asks is enough."""

    def __str__(self) -> str:
        also = f"  (and {', '.join(self.also)})" if self.also else ""
        over = f"  (over {', '.join(self.shadowed)})" if self.shadowed else ""
        return f"{self.agent:<24} {self.subject:<20} {self.rule:<10} {self.source}{also}{over}"


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


def explain(spec: RuntimeSpec, policies: Sequence[dict[str, Any]] = ()) -> PolicyExplanation:
    """Return which rule decides for each agent and tool, where an interpreter adds some."""
    return PolicyExplanation(tuple(map(_row, _bridge.explain_policy(spec.to_json(), list(policies)))))


def check_policies(spec: dict[str, Any], policies: Sequence[dict[str, Any]]) -> None:
    """Refuse added rules that are none, or that name what the runtime does not have.

    Raises:
        SpecError: Listing everything that is wrong with them.
    """
    found = _bridge.check_wiring(spec, list(policies))["faults"] if policies else []
    if found:
        raise SpecError([Fault.read(each) for each in found])


def _row(written: dict[str, Any]) -> PolicyRow:
    shadowed, also = _others(written, "shadowed"), _others(written, "also")
    rule, source = _rule(written["rule"]), str(written["source"])
    return PolicyRow(written["agent"], str(written["subject"]), rule, source, shadowed, also)


def _others(written: dict[str, Any], field: str) -> tuple[str, ...]:
    return tuple(f"{each['source']}: {_rule(each['rule'])}" for each in written.get(field, ()))


def _rule(written: Any) -> str:
    if isinstance(written, str):
        return written
    return str(written.get("when") or written.get("ask") or written)
