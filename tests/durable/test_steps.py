"""Steps: each answer to a run comes from a process of its own, and the processes before it are gone."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from flowai.errors import ApprovalError
from flowai_harness import Runtime
from tests.durable.processes import started
from tests.durable.restocking import World
from tests.durable.stepping import runtime_of
from tests.harness.errands import Call, errand


class Waiting(NamedTuple):
    """What waits for a human."""

    approval_id: str
    kind: str
    revision: int
    order: int


class Relay:
    """A run that goes from process to process."""

    def __init__(self, storage: str, world: World) -> None:
        self.storage = storage
        self.world = world
        self.status = ""

    def step(self, verb: str, *arguments: str, version: str = "old") -> list[Waiting]:
        """Let a process take a step and be killed; returns what waits then."""
        waiting: list[Waiting] = []
        with started("stepping", self.storage, self.world.path, version, verb, *arguments) as process:
            for said in process.lines():
                if said[0] == "rests":
                    self.status = said[1]
                    return waiting
                if said[0] == "waits":
                    waiting.append(Waiting(said[1], said[2], int(said[3]), int(said[4])))
        pytest.fail("a process ended by itself")

    @property
    def deeds(self) -> list[str]:
        """What was done."""
        return [deed for deed, _ in self.world.deeds()]

    def reader(self) -> Runtime:
        """Return a runtime that reads what is kept."""
        return runtime_of(self.storage, self.world)

    def told(self, *kinds: str) -> list[str]:
        """Return which events of some types the run told."""
        [record] = self.reader().runs()
        return [event.type for event in self.reader().events(record.run_id) if event.type in kinds]

    def check(self) -> None:
        """Check that the journal is whole, and its events without gaps."""
        here = self.reader()
        [record] = here.runs()
        assert here.verify(record.run_id) > 0
        numbers = [event.seq for event in here.events(record.run_id)]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.fixture
def relay(storage: str, tmp_path: Path) -> Relay:
    return Relay(storage, World(tmp_path / "world.db"))


def stored(*orders: int) -> Call:
    """Return the call that stores a plan."""
    return ("store_plan", {"plan": {"actions": [{"kind": "buy", "order": order} for order in orders]}})


def of_agent(agent: str, *turns: list[Call]) -> Call:
    """Return the call that sends an agent on an errand."""
    return ("call_agent", {"agent": agent, "message": errand(*turns)})


EXECUTED = of_agent("executor", [("execute_plan", {})])


def test_some_actions_are_approved_by_another_process_and_executed_for_a_third(relay: Relay) -> None:
    [planned] = relay.step("begin", "desk", errand([of_agent("planner", [stored(1, 2, 3)])], [EXECUTED]))
    some = json.dumps({"actions": [0, 2], "edits": {"2": {"order": 30}}})
    [execution] = relay.step("answer", planned.approval_id, some)
    assert (execution.kind, execution.revision, relay.deeds) == ("plan", 2, [])
    assert relay.step("answer", execution.approval_id, "approve") == []
    assert (relay.status, relay.deeds) == ("finished", ["buy 1", "buy 30"])
    relay.check()


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)], ids=str)
def test_approvals_that_are_open_at_once_are_answered_in_any_order_by_any_process(
    relay: Relay, order: tuple[int, ...]
) -> None:
    asked = relay.step("begin", "clerk", errand([("drop", {"order": each}) for each in range(3)]))
    asked.sort(key=lambda each: each.order)
    assert [each.order for each in asked] == [0, 1, 2]
    for count, index in enumerate(order, 1):
        word = "reject" if index == 1 else "approve"
        left = relay.step("answer", asked[index].approval_id, word)
        assert {each.approval_id for each in left} == {asked[each].approval_id for each in order[count:]}
    assert relay.status == "finished"
    assert relay.deeds == [f"drop {index}" for index in order if index != 1]
    assert relay.told("approval_required", "approval_resolved").count("approval_resolved") == 3
    relay.check()


def test_an_approval_that_expires_while_no_process_is_there_is_ended_by_who_recovers_its_run(relay: Relay) -> None:
    relay.step("begin", "clerk", errand([("drop_soon", {"order": 1})]))
    assert relay.step("recover") == []
    assert (relay.status, relay.deeds) == ("finished", [])
    assert relay.told("approval_expired", "approval_resolved") == ["approval_expired"]
    relay.check()


def test_a_call_whose_tool_has_another_schema_is_asked_anew(relay: Relay) -> None:
    [before] = relay.step("begin", "clerk", errand([("drop", {"order": 1})]))
    [anew] = relay.step("resume", version="new")
    assert anew.approval_id != before.approval_id
    assert relay.told("approval_withdrawn") == ["approval_withdrawn"]
    relay.step("answer", anew.approval_id, "approve", version="new")
    assert (relay.status, relay.deeds) == ("finished", ["drop 1 force=False"])
    relay.check()


def test_a_plan_whose_tools_have_another_schema_is_asked_about_anew(relay: Relay) -> None:
    [planned] = relay.step("begin", "desk", errand([of_agent("planner", [stored(1)])], [EXECUTED]))
    [anew] = relay.step("resume", version="new")
    assert anew.approval_id != planned.approval_id
    assert relay.told("approval_withdrawn") == ["approval_withdrawn"]
    [execution] = relay.step("answer", anew.approval_id, "approve", version="new")
    assert relay.step("answer", execution.approval_id, "approve", version="new") == []
    assert (relay.status, relay.deeds) == ("finished", ["buy 1 gift=False"])
    relay.check()


def test_an_execution_with_other_tools_than_were_approved_is_asked_about_anew(relay: Relay) -> None:
    [planned] = relay.step("begin", "desk", errand([of_agent("planner", [stored(1)])], [EXECUTED]))
    [execution] = relay.step("answer", planned.approval_id, "approve")
    [anew] = relay.step("resume", version="new")
    assert (anew.kind, anew.approval_id == execution.approval_id, relay.deeds) == ("plan", False, [])
    assert relay.step("answer", anew.approval_id, "approve", version="new") == []
    assert (relay.status, relay.deeds) == ("finished", ["buy 1 gift=False"])
    relay.check()


def test_a_plan_of_which_another_revision_stands_is_asked_about_anew(relay: Relay) -> None:
    again = of_agent("planner", [("look", {})], [stored(2)])
    [planned] = relay.step("begin", "desk", errand([of_agent("planner", [stored(1)])], [EXECUTED, again], [EXECUTED]))
    execution, looking = sorted(relay.step("answer", planned.approval_id, "approve"), key=lambda each: each.kind)
    assert [(each.kind, each.revision) for each in (execution, looking)] == [("plan", 1), ("tool", 0)]
    [revised] = relay.step("answer", looking.approval_id, "approve")
    assert revised.revision == 2
    with pytest.raises(ApprovalError, match="withdrawn"):
        relay.reader().blocking.respond_to_approval(execution.approval_id, "approve", principal="ana")
    [anew] = relay.step("answer", revised.approval_id, "approve")
    assert (anew.kind, anew.revision, relay.deeds) == ("plan", 2, [])
    relay.step("answer", anew.approval_id, "approve")
    assert (relay.status, relay.deeds) == ("finished", ["buy 2"])
    relay.check()
