"""What only Python knows of two trajectories: what its functions say of their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flowai.evals.marks import Where, has_marks, plain
from flowai.evals.toolcall import ToolCall


@dataclass
class Pairing:
    """The expected calls without marks, and what was asked of functions."""

    expected: tuple[ToolCall, ...]
    judged: list[tuple[int, int, float]] = field(default_factory=list[tuple[int, int, float]])
    holds: list[list[bool]] = field(default_factory=list[list[bool]])

    @classmethod
    def of(
        cls,
        expected: tuple[ToolCall, ...],
        actual: tuple[ToolCall, ...],
        predicates: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], bool]],
    ) -> Pairing | None:
        """Ask every function, or return nothing where there is none to ask and nothing to write otherwise."""
        if not predicates and not any(call.arguments and has_marks(call.arguments) for call in expected):
            return None
        made = cls(())
        made.expected = tuple(made._written(call, actual) for call in expected)
        for row, wanted in enumerate(expected):
            judge = predicates.get(wanted.name)
            for column, call in enumerate(actual if judge is not None else ()):
                if judge is not None and call.name == wanted.name:
                    fits = judge(wanted.arguments or {}, call.arguments or {})
                    made.judged.append((row, column, 1.0 if fits else 0.0))
        return made

    def _written(self, call: ToolCall, actual: tuple[ToolCall, ...]) -> ToolCall:
        if call.arguments is None:
            return call
        arguments = {name: self._value(name, value, call, actual) for name, value in call.arguments.items()}
        return replace(call, arguments=arguments)

    def _value(self, name: str, value: object, call: ToolCall, actual: tuple[ToolCall, ...]) -> Any:
        if not isinstance(value, Where):
            return plain(value)
        self.holds.append([_holds(value, name, each) if each.name == call.name else False for each in actual])
        return {"$where": len(self.holds) - 1}


def _holds(where: Where, name: str, call: ToolCall) -> bool:
    arguments = call.arguments or {}
    return name in arguments and bool(where.holds(arguments[name]))
