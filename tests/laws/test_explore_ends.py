"""A case that never ends is a failure of that case, with a script to paste; it holds up nobody."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from flowai.errors import ScriptMismatch, SpecError
from flowai.evals import NoWriteWithoutDecision
from flowai.laws import InvariantBroken, explore
from flowai.laws.pasted import pasted
from flowai.laws.trial import Attempt
from flowai.specs.script import Seen, Step
from flowai_harness import (
    Answers,
    Approve,
    Calls,
    Fails,
    Reject,
    Runtime,
    Says,
    TestingConfig,
    create_runtime,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.evals import shop


@dataclass(frozen=True, slots=True)
class Reacts(Step):
    """A step of a user's own, which answers to what it saw."""

    choose: Callable[[Seen], Step]

    def to_json(self, seen: Seen | None = None) -> dict[str, Any]:
        if seen is None:
            raise ScriptMismatch("nothing was seen")
        return self.choose(seen).to_json(seen)


OVER = threading.Event()
"""Set when a test is over, so that what it left behind ends too."""

SHORT_S = 2.0
"""How long a run may take here; one that ends takes a hundredth of it, or less, on a quiet machine."""


@define_tool(access="read")
async def wait_for_ever(what: str) -> str:
    """Wait for what never comes."""
    await asyncio.Event().wait()
    return what


@define_tool(access="read")
def block(what: str) -> str:
    """Wait on a thread, deaf to a cancellation."""
    OVER.wait()
    return what


@define_tool(access="read")
async def turn(what: str) -> str:
    """Go round and round without a pause in which anybody could stop it."""
    while not OVER.is_set():
        pass
    return what


@define_tool(access="read")
async def swallow(what: str) -> str:
    """Wait, and take no notice of being cancelled."""
    while not OVER.is_set():
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            continue
    return what


@pytest.fixture(autouse=True)
def _over() -> Iterator[None]:
    OVER.clear()
    yield
    OVER.set()
    for thread in threading.enumerate():
        if thread.name == "flowai-explore":
            thread.join()


def runtime() -> Runtime:
    tools = [shop.find, wait_for_ever, block, turn, swallow]
    clerk = define_specialist(name="clerk", model="m", prompt="Serve.", tools=tools)
    spec = define_runtime(tenant=define_tenant("shop", "v1"), agents=[clerk])
    return create_runtime(spec, testing=TestingConfig(mock_response="hello"))


@pytest.mark.parametrize("tool", ["wait_for_ever", "block", "turn", "swallow"])
def test_a_tool_that_never_returns_fails_the_case_with_a_script(tool: str) -> None:
    script = TestingConfig(script=[Calls("find", query="red"), Calls(tool, what="that"), Says("done")])
    with pytest.raises(InvariantBroken) as caught:
        explore(runtime(), "Go", agent="clerk", testing=script, invariants=[], timeout_s=SHORT_S)
    last = f"the last that happened is `tool_called` of `{tool}`"
    assert str(caught.value).splitlines() == [
        f"an invariant is broken by nothing: the run does not end within {SHORT_S:g} s; {last}",
        "",
        "testing = TestingConfig(",
        f"    script=[Calls({tool!r}, what='that')],",
        "    decisions=[],",
        ")",
        "create_runtime(spec, services, testing=testing).blocking.run_specialist('clerk', 'Go')",
    ]


def test_what_never_ends_only_when_something_goes_wrong_is_found_too() -> None:
    def wait_where_the_find_failed(trouble: object) -> Step:
        return Calls("wait_for_ever", what="that") if "PermissionError" in str(trouble) else Says("done")

    script = TestingConfig(
        script=[Calls("find", query="red"), Reacts(lambda seen: wait_where_the_find_failed(seen.messages[-1]))]
    )
    with pytest.raises(InvariantBroken) as caught:
        explore(runtime(), "Go", agent="clerk", testing=script, invariants=[], timeout_s=SHORT_S)
    told = str(caught.value)
    assert f"does not end within {SHORT_S:g} s" in told
    assert "Reacts(lambda seen: wait_where_the_find_failed(seen.messages[-1]))" in told
    assert "PermissionError('refused')" in told


def test_services_that_cannot_be_made_are_no_hang() -> None:
    def services() -> object:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        explore(shop.runtime(), "Hi", agent="clerk", invariants=[], services=services)


def test_a_case_is_explored_on_a_running_loop_too() -> None:
    async def explored() -> str:
        script = TestingConfig(script=["hi"])
        gates = [NoWriteWithoutDecision()]
        return str(explore(shop.runtime(), "Hi", agent="clerk", testing=script, invariants=gates))

    assert asyncio.run(explored()).startswith("5 runs")


@pytest.mark.parametrize("timeout_s", [0, -1, True, float("nan")])
def test_a_time_that_is_none_is_refused(timeout_s: float) -> None:
    with pytest.raises(SpecError, match="timeout_s"):
        explore(shop.runtime(), "Hi", agent="clerk", invariants=[], timeout_s=timeout_s)


def test_what_is_pasted_is_the_script_that_ran() -> None:
    steps = [
        Calls("find", {"class": 1, "two words": [2]}) + Says("and", delay_ms=5),
        Calls("find", {"usage": 1}, usage={"input_tokens": 3}),
        Answers({"a": 1}),
        Fails("down"),
    ]
    testing = TestingConfig(script=steps, decisions=[Approve(actions=[0]), Reject("no")], faults={"2": OSError("torn")})
    lines = pasted(testing, "Go", None).splitlines()
    names = {each.__name__: each for each in (Answers, Approve, Calls, Fails, Reject, Says, TestingConfig)}
    # Run as whoever pastes it would.
    found: dict[str, TestingConfig] = {}
    exec("\n".join(lines[:-1]), dict(names), found)  # noqa: S102 — that it runs is what is tested
    assert found["testing"].script == steps
    assert found["testing"].decisions == testing.decisions
    assert repr(found["testing"].faults) == repr(testing.faults)


def test_a_run_that_is_cancelled_as_it_is_left_still_did_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(attempt: Any) -> None:
        attempt._error = RuntimeError("cancelled at once")

    monkeypatch.setattr(Attempt, "_leave", leave)
    attempt = Attempt(shop.runtime(), "clerk", "Hi", OVER.wait)
    trial, _ = attempt.tried("nothing", TestingConfig(script=[Says("hi")]), 0.01)
    assert (trial.has_ended, trial.error) == (False, None)
