"""What rows say of models and humans, as the test interpreter reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from flowai.specs.decision import Approve, Reject
from flowai.specs.script import Answers, Calls, Fails, Says, Seen, Thinks
from flowai.specs.script import Turn as SpecTurn
from flowai.specs.testing import TestingConfig

if TYPE_CHECKING:
    from flowai.evals.datasets.row import Called, CaseRow, DecisionRow, Script, Turn
    from flowai.specs.script import Step


def testing_of(row: CaseRow) -> TestingConfig | None:
    """Return what a row says of models and humans, where it says something."""
    if row.script is None and row.mock_response is None and row.decisions is None:
        return None
    return TestingConfig(
        script=_script(row.script),
        mock_response=row.mock_response,
        decisions=None if row.decisions is None else [_decision(each) for each in row.decisions],
        seed=row.seed,
    )


def _script(written: Script | dict[str, Script] | None) -> Any:
    if isinstance(written, dict):
        return {agent: [_turn(each) for each in turns] for agent, turns in written.items()}
    return None if written is None else [_turn(each) for each in written]


def _turn(written: Turn | str) -> SpecTurn:
    if isinstance(written, str):
        return SpecTurn((Says(written),))
    steps: list[Step] = []
    if written.thinks is not None:
        steps.append(Thinks(written.thinks))
    if written.says is not None:
        steps.append(Says(written.says))
    if written.answers is not None:
        steps.append(Answers(written.answers))
    if written.fails is not None:
        steps.append(Fails(written.fails))
    several = written.calls if isinstance(written.calls, list) else [written.calls] if written.calls else []
    return SpecTurn((*steps, *map(_call, several)))


def _call(written: Called) -> Calls:
    return Calls(written.name, {name: _looking(value) for name, value in written.arguments.items()})


def _looking(value: Any) -> Any:
    """Return a value with its looks back as functions of what was seen."""
    if isinstance(value, list):
        return [_looking(each) for each in cast("list[object]", value)]
    if not isinstance(value, Mapping):
        return value
    fields = cast("Mapping[str, Any]", value)
    if set(fields) == {"$ref"}:
        return _ref(str(fields["$ref"]))
    if set(fields) == {"$answer"}:
        return _answer(str(fields["$answer"]))
    return {name: _looking(each) for name, each in fields.items()}


def _ref(kind: str) -> Callable[[Seen], Any]:
    return lambda seen: seen.ref(kind)


def _answer(tool: str) -> Callable[[Seen], Any]:
    return lambda seen: seen.answer(tool)


def _decision(written: str | DecisionRow) -> Approve | Reject:
    if isinstance(written, str):
        return Approve() if written == "approve" else Reject()
    if written.decision == "reject":
        return Reject(written.reason)
    edits: Any = written.edits
    if edits is not None:
        # Keys of JSON are texts, and actions are numbered.
        edits = {int(key) if key.isdigit() else key: value for key, value in edits.items()}
    return Approve(actions=written.actions, edits=edits, reason=written.reason)
