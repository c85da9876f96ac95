"""What only Python knows of two trajectories: what its functions say of their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from flowai.evals.marks import Path, Where, has_marks, plain, refused
from flowai.evals.toolcall import ToolCall


@dataclass
class Pairing:
    """The expected calls without marks, and what was asked of functions."""

    expected: tuple[ToolCall, ...]
    judged: list[tuple[int, int, float]] = field(default_factory=list[tuple[int, int, float]])
    holds: list[list[bool]] = field(default_factory=list[list[bool]])
    raised: list[str] = field(default_factory=list[str])
    """What functions raised, which counts as a no."""

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
                    why = made._heard(refused(judge, wanted.arguments or {}, call.arguments or {}), f"`{call.name}`")
                    made.judged.append((row, column, 1.0 if why is None else 0.0))
        return made

    def _written(self, call: ToolCall, actual: tuple[ToolCall, ...]) -> ToolCall:
        if call.arguments is None:
            return call

        def asked(where: Where, path: Path) -> Any:
            self.holds.append([each.name == call.name and self._holds(where, path, each) for each in actual])
            return {"$where": len(self.holds) - 1}

        return replace(call, arguments=plain(call.arguments, asked))

    def _holds(self, where: Where, path: Path, call: ToolCall) -> bool:
        found = _at(call.arguments or {}, path)
        named = f"`{'.'.join(map(str, path))}` of `{call.name}`"
        return bool(found) and self._heard(where.refuses(found[0]), named) is None

    def _heard(self, why: str | None, of: str) -> str | None:
        if why is not None and "raised" in why and (told := f"{of}: {why}") not in self.raised:
            self.raised.append(told)
        return why


def _at(value: object, path: Path) -> tuple[Any, ...]:
    """Return what is at a path, or an empty tuple where nothing is."""
    if not path:
        return (value,)
    step, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        fields = cast("Mapping[str | int, object]", value)
        return _at(fields[step], rest) if step in fields else ()
    if isinstance(value, list | tuple) and isinstance(step, int):
        items = cast("list[object]", value)
        return _at(items[step], rest) if step < len(items) else ()
    return ()
