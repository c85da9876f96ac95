"""Agents that plan, act, keep and ask: the same run again under every schedule, and from every cut."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from flowai.errors import ReplayMismatch
from flowai.interpreters import Eval, Test
from flowai.laws.agreement import told
from flowai_harness import Approve, Reject, Says, create_runtime
from tests.harness.scenario import PLANNED, Shop, announced, dispatcher, script_of

SPEC = announced(dispatched=dispatcher(asks_again=True))
POLICY = announced(dispatched=dispatcher(), planner={"approval": {"plans": "never"}})
SCRIPT = script_of(PLANNED)


def played(spec: Any, interpreter: Any) -> tuple[Any, list[str], Any]:
    shop = Shop()
    runtime = create_runtime(spec, shop, interpreter=interpreter)
    return runtime.blocking.query("go", thread_id="t"), shop.done, runtime


@pytest.mark.parametrize(("spec", "decisions"), [(SPEC, [Approve()] * 2), (POLICY, [])])
def test_agents_do_not_depend_on_the_schedule(spec: Any, decisions: list[Any]) -> None:
    seen: list[Any] = []
    for seed in range(6):
        runs = [played(spec, Test(script=SCRIPT, decisions=decisions, seed=seed)) for _ in range(2)]
        assert told(runs[0][0]) == told(runs[1][0])
        seen.append((runs[0][0].value, runs[0][1]))
    assert seen == [("done", ["red-1=9", "launch red-2"])] * 6


@pytest.mark.parametrize(("spec", "decisions"), [(SPEC, [Approve()] * 2), (POLICY, [])])
def test_wherever_a_plan_is_cut_the_whole_comes_of_it(spec: Any, decisions: list[Any]) -> None:
    first, done, _ = played(spec, Eval(Test(script=SCRIPT, decisions=decisions)))
    whole = first.recording
    for count in range(len(whole) + 1):
        prefix = whole.until(count)
        inner = Test(
            script=left_of(SCRIPT, first, prefix), decisions=decisions[standing(prefix) :] if decisions else []
        )
        again, rest, runtime = played(spec, Eval(inner).replay(prefix, goes_on=True))
        assert again.value == "done"
        assert rest == done[called(prefix) :]
        assert Counter(event.type for event in again.events) == Counter(event.type for event in first.events)
        assert [each.after for each in again.events if each.type == "plan_changed"] == [
            each.after for each in first.events if each.type == "plan_changed"
        ]
        assert runtime.pending_approvals() == []


def test_a_refusal_at_the_second_asking_holds() -> None:
    """The plan was approved and half done in the recording; the human who is asked again says no."""
    first, _, _ = played(SPEC, Eval(Test(script=SCRIPT, decisions=[Approve()] * 2)))
    entries = list(first.recording)
    cut = next(index for index, entry in enumerate(entries) if entry.get("effect") == "CallTool")
    prefix = first.recording.until(cut)
    script = left_of(SCRIPT, first, prefix) | {"scenario_planner": [Says("refused")]}
    shop = Shop()
    runtime = create_runtime(
        SPEC, shop, interpreter=Eval(Test(script=script, decisions=[Reject("no")])).replay(prefix, goes_on=True)
    )
    with pytest.raises(ReplayMismatch):
        runtime.blocking.query("go", thread_id="t")
    assert shop.done == []


def left_of(script: dict[str, Any], first: Any, prefix: Any) -> dict[str, Any]:
    """Return the turns that the prefix has not taken."""
    agents = {event.position: event.agent for event in first.events if event.type == "model_called"}
    taken = Counter(agents[entry["position"]] for entry in answered(prefix, "CallModel"))
    return {agent: turns[taken[agent] :] for agent, turns in script.items()}


def answered(prefix: Any, effect: str) -> list[Any]:
    return [entry for entry in prefix if entry["record"] == "answered" and entry["effect"] == effect]


def called(prefix: Any) -> int:
    return len(answered(prefix, "CallTool"))


def standing(prefix: Any) -> int:
    """Count the approvals that are not asked again: of calls that are answered, of plans that are over."""
    finished = [entry for entry in asked(prefix, "AdvancePlan") if entry["arguments"]["move"]["step"] == "finish"]
    over = {entry["position"] for entry in finished} & {each["position"] for each in answered(prefix, "AdvancePlan")}
    approved = {entry["position"] for entry in answered(prefix, "AwaitApproval")}
    calls = approved & {entry["position"] for entry in answered(prefix, "CallTool")}
    return len(calls) + bool(over)


def asked(prefix: Any, effect: str) -> list[Any]:
    return [entry for entry in prefix if entry["record"] == "asked" and entry["effect"] == effect]
