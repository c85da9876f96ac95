"""A recording is memory and nobody's decision: cut, forged or replayed again and again, it lets nothing out."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from flowai import AwaitApproval, CallTool, Do, program
from flowai.errors import ApprovalRejected, FlowaiError
from flowai.interpreters import Eval, Live, Recording, Test
from flowai_harness import Approve, Calls, Reject, Says, create_runtime, define_tool
from tests.harness.desk import Rows, asked, desk, of, until
from tests.harness.scenario import PLANNED, Shop, announced, dispatcher, script_of

ran: list[str] = []


@define_tool(access="write_once", approval="always")
def wipe(row: int) -> str:
    """Wipe one row."""
    ran.append(f"wiped {row}")
    return "gone"


@pytest.fixture(autouse=True)
def _nothing_ran() -> Iterator[None]:
    ran.clear()
    yield
    ran.clear()


def cut(entries: list[Any], effect: str, *, record: str = "answered", last: bool = True) -> int:
    """Return how many entries stand up to one of an effect, that one included."""
    found = [index for index, each in enumerate(entries) if each["record"] == record and each.get("effect") == effect]
    return found[-1 if last else 0] + 1


def recorded(decision: Any) -> Any:
    """Return the records of one gated call."""
    run = Eval(Test(decisions=[decision])).run(CallTool(wipe, row=1))
    ran.clear()
    return json.loads(run.recording.to_json())


def resumed(records: Any, interpreter: Any = None) -> Any:
    recording = Recording.from_json(json.dumps(records))
    return Eval(interpreter or Test()).replay(recording, goes_on=True).run(CallTool(wipe, row=1))


@pytest.mark.parametrize("interpreter", [Test(), Live()])
def test_a_recorded_approval_lets_out_no_call_that_is_not_recorded(interpreter: Any) -> None:
    records = recorded("approve")
    for count in range(cut(records["entries"], "CallTool")):
        for _ in range(2):
            run = resumed(records | {"entries": records["entries"][:count]}, interpreter)
            with pytest.raises(FlowaiError, match="nob"):
                _ = run.value
    assert ran == []
    assert resumed(records, interpreter).value == "gone"
    assert ran == []


def test_what_is_asked_again_is_decided_again() -> None:
    records = recorded("approve")
    records["entries"] = records["entries"][: cut(records["entries"], "AwaitApproval")]
    refused = resumed(records, Test(decisions=[Reject("not this time")]))
    with pytest.raises(ApprovalRejected, match="not this time"):
        _ = refused.value
    assert ran == []
    again = resumed(records, Test(decisions=[Approve(edits={"row": 7})]))
    assert again.value == "gone"
    assert ran == ["wiped 7"]
    assert len(of(again, "approval_required")) == len(of(again, "approval_resolved")) == 1


FORGERIES: list[tuple[Any, dict[str, Any]]] = [
    ("approve", {"subject": {"row": 999}}),
    ("approve", {"subject": {"row": 999}, "edited": True}),
    ("approve", {"approval_id": "approval_other"}),
    ("approve", {"expires_at": 0}),
    ("approve", {"expires_at": 2**62, "answered_at": 2**61}),
    (Reject("no"), {"approved": True}),
    (Reject("no"), {"approved": True, "reason": None, "expires_at": 2**62}),
    (Reject("no"), {"approved": "yes"}),
]


@pytest.mark.parametrize(("decision", "forged"), FORGERIES)
def test_a_forged_ruling_lets_out_nothing(decision: Any, forged: dict[str, Any]) -> None:
    records = recorded(decision)
    ruled = records["entries"][cut(records["entries"], "AwaitApproval") - 1]
    ruled["outcome"]["ok"].update(forged)
    for count in range(len(records["entries"]) + 1):
        for interpreter in (Test(), Live(), Test(decisions=[Reject("no")])):
            _ = resumed(records | {"entries": records["entries"][:count]}, interpreter).result
            assert ran == []


def test_a_forged_call_beside_a_forged_ruling_lets_out_nothing() -> None:
    """The answer of the call is taken from elsewhere, so that the ruling seems to be used up."""
    records = recorded(Reject("no"))
    records["entries"][-1]["outcome"]["ok"]["approved"] = True
    at = records["entries"][-1]["at"]
    call = {"position": "0", "effect": "CallTool", "at": at}
    asking = {**call, "record": "asked", "arguments": {"tool": "wipe", "arguments": {"row": 1}, "version": "x"}}
    answers = {**call, "record": "answered", "outcome": {"ok": "gone"}}
    for more in ([asking], [answers], [answers, asking], [asking, answers], [asking, asking]):
        _ = resumed(records | {"entries": [*records["entries"], *more]}).result
        assert ran == []


def test_a_program_that_asked_is_asked_again() -> None:
    @program
    def careful() -> Do[Any, str]:
        yield from AwaitApproval("wipe?", subject=1)
        return (yield from CallTool(scrub, row=1))

    scrubbed: list[int] = []

    @define_tool(access="write_once")
    def scrub(row: int) -> str:
        """Scrub without asking."""
        scrubbed.append(row)
        return "clean"

    run = Eval(Test(decisions=[Reject("no")])).run(careful())
    records = json.loads(run.recording.to_json())
    records["entries"][-1]["outcome"]["ok"]["approved"] = True
    forged = Recording.from_json(json.dumps(records))
    for _ in range(2):
        with pytest.raises(FlowaiError, match="nobody answers the approval"):
            _ = Eval(Test()).replay(forged, goes_on=True).run(careful()).value
    assert scrubbed == []
    assert Eval(Test(decisions=["approve"])).replay(forged, goes_on=True).run(careful()).value == "clean"
    assert scrubbed == [1]


def test_a_runtime_that_goes_on_asks_a_human_again() -> None:
    rows = Rows()
    script = [Calls("delete_row", row=1), Says("x")]
    first = asked(create_runtime(desk(), rows, interpreter=Eval(Test(script=script, decisions=["approve"]))))
    assert rows.done == ["deleted 1"]
    rows.done.clear()
    entries = list(first.recording)
    prefix = first.recording.until(cut(entries, "AwaitApproval"))
    inner = Eval(Test(script=script[1:])).replay(prefix, goes_on=True)
    runtime = create_runtime(desk(), rows, interpreter=inner)

    async def whole(decision: Any) -> Any:
        run = runtime.run_specialist("clerk", "go")
        await until(run, "run_paused")
        done = list(rows.done)
        for _ in range(20):
            await asyncio.sleep(0)
        assert rows.done == done
        [pending] = runtime.pending_approvals()
        await runtime.respond_to_approval(pending.approval_id, decision, principal="ana")
        async for _ in run:
            pass
        return run

    run = asyncio.run(asyncio.wait_for(whole("approve"), 20))
    assert run.output == "x"
    assert rows.done == ["deleted 1"]
    assert [each.principal for each in of(run, "approval_resolved")] == ["ana"]
    asyncio.run(asyncio.wait_for(whole("reject"), 20))
    assert rows.done == ["deleted 1"]


def planned(shop: Shop, interpreter: Any, **options: Any) -> Any:
    spec = announced(dispatched=dispatcher(), **options)
    return create_runtime(spec, shop, interpreter=interpreter).blocking.query("go", thread_id="t")


def test_an_action_of_a_recorded_plan_goes_out_for_a_decision_of_today() -> None:
    shop = Shop()
    script = script_of(PLANNED)
    first = planned(shop, Eval(Test(script=script, decisions=["approve"])))
    shop.done.clear()
    entries = list(first.recording)
    prefix = first.recording.until(cut(entries, "CallTool", last=False))
    turns = {"scenario_coordinator": [Says("done")], "scenario_executor": [Says("executed")]}
    with pytest.raises(FlowaiError, match="nobody answers the approval"):
        planned(shop, Eval(Test(script=turns, decisions=[])).replay(prefix, goes_on=True))
    assert shop.done == []
    run = planned(shop, Eval(Test(script=turns, decisions=["approve"])).replay(prefix, goes_on=True))
    assert run.value == "done"
    assert shop.done == ["launch red-2"], "what the recording answers is not done again"


@pytest.mark.parametrize("options", [{}, {"planner": {"approval": {"plans": "never"}}}])
def test_a_forged_plan_is_not_the_one_in_the_store(options: Any) -> None:
    shop = Shop()
    decisions: Any = [] if options else ["approve"]
    first = planned(shop, Eval(Test(script=script_of(PLANNED), decisions=decisions)), **options)
    shop.done.clear()
    written = first.recording.to_json().replace('"red-1"', '"gold-1"')
    records = json.loads(written)
    honest = json.loads(first.recording.to_json())
    for effect in ("StorePlan", "LoadPlan", "AdvancePlan"):
        entries = [
            forged if forged.get("effect") == effect and forged["record"] == "answered" else entry
            for forged, entry in zip(records["entries"], honest["entries"], strict=True)
        ]
        end = cut(entries, "CallTool", record="asked", last=False)
        for count in range(cut(entries, effect, last=False), end + 1, 3):
            recording = Recording.from_json(json.dumps({**records, "entries": entries[:count]}))
            inner = Test(mock_response="done", decisions=[Approve()] * 3)
            with contextlib.suppress(FlowaiError):
                planned(shop, Eval(inner).replay(recording, goes_on=True), **options)
            assert not any("gold" in each for each in shop.done)
