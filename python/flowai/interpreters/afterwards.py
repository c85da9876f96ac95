"""What is done about a plan or a write after its run: taking it back, running it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowai.errors import PlanError, SpecError
from flowai.specs.agent import ExecutorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai._bridge import Session
    from flowai.interpreters.drive import Drive
    from flowai.interpreters.plan_record import PlanRecord
    from flowai.specs.runtime import RuntimeSpec


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run that begins in its own way and not with a program or an agent's task."""

    begin: Callable[[Session], None]
    written: dict[str, Any]
    """What it begins, in JSON types, for a run that outlives its process."""


def undoing(executor: str, plan_id: str, actions: list[int] | None, by: str) -> Beginning:
    """Return the beginning of a run that takes back what a plan did."""
    written = {"undo": [executor, plan_id, actions, by]}
    return Beginning(lambda session: session.start_undo(executor, plan_id, actions, by), written)


def running_again(left_by: Drive, approval_id: str) -> Beginning:
    """Return the beginning of a run that makes a write again which another run left in doubt."""
    written = {"again": [left_by.setting.run_id, approval_id]}
    return Beginning(lambda session: session.start_again(left_by.session, approval_id), written)


def unscripted(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run of its own: no script, fault or recording is meant for it."""
    left_out = ("turns", "mock", "decisions", "troubles", "replay", "goes_on")
    return {name: value for name, value in config.items() if name not in left_out}


def executor_of(spec: RuntimeSpec, plan: str) -> str:
    """Return the executor whose dispatcher performs a kind of plan.

    Raises:
        SpecError: None has a dispatcher, so nothing declares an undo.
    """
    for agent in spec.agents:
        if isinstance(agent, ExecutorSpec) and agent.plan.name == plan and agent.dispatcher is not None:
            return agent.name
    raise SpecError(
        f"no executor has a dispatcher for `{plan}`", hint="declare undos: `@actions.on(Variant, undo=take_back)`"
    )


def found(record: PlanRecord | None, plan_id: str) -> PlanRecord:
    """Return a plan that is there.

    Raises:
        PlanError: There is no such plan of this tenant.
    """
    if record is None:
        raise PlanError(f"there is no plan `{plan_id}`", hint="take the id from the event `plan_stored`")
    return record
