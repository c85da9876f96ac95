"""A scripted decision passes the same door as a human's: schema, then the plan's own type."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel

from flowai.errors import ApprovalError, ScriptMismatch
from flowai.interpreters import Run
from flowai_harness import (
    Approve,
    Calls,
    Says,
    TestingConfig,
    create_runtime,
    define_plan,
    define_planner,
    define_runtime,
    define_tenant,
)
from tests.harness.desk import of


def known(colour: str) -> str:
    """Colours are written small, and mauve is none of them; no JSON Schema says so."""
    if colour.lower() == "mauve":
        raise ValueError("nobody sells mauve")
    return colour.lower()


class Paint(BaseModel):
    kind: Literal["paint"] = "paint"
    colour: Annotated[str, AfterValidator(known)]


class Coats(BaseModel):
    actions: list[Paint]


coats = define_plan(name="Coats", schema=Coats)
SCRIPT: Any = [Calls("store_plan", plan={"actions": [{"kind": "paint", "colour": "red"}]}), Says("stored")]


def painted(edits: Any, *, by_script: bool, actions: Sequence[int] | None = None) -> Run[Any]:
    planner = define_planner(name="painter", model="m", prompt="Paint.", plan=coats)
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[planner])
    decision = Approve(actions=None if actions is None else list(actions), edits=edits)
    testing = TestingConfig(script=SCRIPT, decisions=[decision] if by_script else None)
    runtime = create_runtime(spec, testing=testing)

    async def whole() -> Run[Any]:
        run = runtime.run_specialist("painter", "go")
        async for event in run:
            if event.type == "approval_required" and not by_script:
                await runtime.respond_to_approval(event.approval_id, decision, principal="ana")
        return run

    return asyncio.run(whole())


def bodies(run: Run[Any]) -> list[Any]:
    """Return what changed in the plan."""
    return [(each.path, each.after) for told in of(run, "plan_changed") for each in told.diff]


@pytest.mark.parametrize("by_script", [True, False])
def test_edits_are_written_as_the_type_writes_them(*, by_script: bool) -> None:
    run = painted({0: {"colour": "BLUE"}}, by_script=by_script)
    assert run.output == "stored"
    assert bodies(run) == [("/actions/0/colour", "blue")]
    assert of(run, "run_paused") == [] if by_script else len(of(run, "run_paused")) == 1


def test_a_script_and_a_human_give_the_same_revision() -> None:
    human, script = (painted({0: {"colour": "Blue"}}, by_script=by_script) for by_script in (False, True))
    assert [each.diff for each in of(human, "plan_changed")] == [each.diff for each in of(script, "plan_changed")]


@pytest.mark.parametrize(
    "edits", [{0: {"colour": "mauve"}}, {0: {"shade": "dark"}}, {3: {"colour": "red"}}, {"²": {"colour": "red"}}]
)
def test_edits_that_the_type_refuses_are_refused_to_both(edits: Any) -> None:
    with pytest.raises(ApprovalError):
        painted(edits, by_script=False)
    with pytest.raises(ScriptMismatch, match="a scripted decision cannot be taken"):
        _ = painted(edits, by_script=True).value


def test_a_choice_of_an_action_that_is_not_there_is_refused_to_a_script() -> None:
    with pytest.raises(ScriptMismatch, match="the plan has no action 4"):
        _ = painted({}, by_script=True, actions=[4]).value
