"""Results and outputs: too large for a prompt, typed, out of steps, out of history."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from flowai.errors import LimitReached
from flowai_harness import Answers, Calls, Says, TestingConfig, create_runtime, define_tool
from tests.harness.desk import Rows, asked, clerk_runtime, desk, of, read_row


@define_tool(access="read", max_result_bytes=200)
def long_list(count: int) -> list[str]:
    """List."""
    return [f"article {number}" for number in range(count)]


def test_a_result_that_is_too_large_becomes_a_reference_with_a_glimpse() -> None:
    seen: list[Any] = []

    def handle(so_far: Any) -> Any:
        seen.append(so_far.answer("long_list"))
        return seen[0]["id"] if "id" in seen[0] else seen[0]

    steps = [Calls("long_list", count=100), Calls("read_result", reference=handle), Says("x")]
    run = asked(clerk_runtime(*steps, tools=[long_list]))
    [stored] = of(run, "reference_stored")
    assert stored.bytes > 200
    assert "article 99" not in str(seen[0])
    assert of(run, "tool_answered")[0].bytes > 200


def test_a_small_result_is_passed_as_it_is() -> None:
    run = asked(clerk_runtime(Calls("long_list", count=2), Says("x"), tools=[long_list]))
    assert of(run, "tool_answered")[0].result == ["article 0", "article 1"]
    assert of(run, "reference_stored") == []


class Verdict(BaseModel):
    row: int
    fine: bool


def test_an_output_is_typed() -> None:
    run = asked(clerk_runtime(Answers(Verdict(row=3, fine=True)), output=Verdict))
    assert run.output == Verdict(row=3, fine=True)
    assert of(run, "run_finished")[0].output == {"row": 3, "fine": True}


def test_a_typed_output_may_follow_tools() -> None:
    run = asked(clerk_runtime(Calls("read_row", row=3), Answers({"row": 3, "fine": False}), output=Verdict))
    assert run.output == Verdict(row=3, fine=False)


def test_an_agent_that_never_ends_reaches_its_limit() -> None:
    run = asked(clerk_runtime(*[Calls("read_row", row=1)] * 3, max_steps=3))
    with pytest.raises(LimitReached, match="3"):
        _ = run.value
    assert of(run, "limit_reached")[0].value == 3


def test_fifty_steps_are_the_usual_limit() -> None:
    run = asked(clerk_runtime(*[Calls("read_row", row=1)] * 50))
    with pytest.raises(LimitReached):
        _ = run.value
    assert len(of(run, "model_called")) == 50


def conversation(history: Any, *, stateful: bool = True) -> list[dict[str, Any]]:
    """Return what a model is shown in the fourth query of a thread, each of which called a tool."""
    seen: list[Any] = []
    called = [Calls("read_row", row=1), Says("answer")]
    last = [Calls("read_row", row=lambda so_far: (seen.append(so_far.messages), 1)[1]), Says("x")]
    options: dict[str, Any] = {"stateful": stateful, "history": history}
    runtime = create_runtime(
        desk(**options), Rows(), testing=TestingConfig(script={"clerk": [called, called, called, last]})
    )

    async def whole() -> None:
        for number in range(4):
            await runtime.run_specialist("clerk", f"question {number}", thread_id="t")

    asyncio.run(whole())
    return seen[0]


def test_history_is_kept_for_a_thread() -> None:
    asked_before = [each["text"] for each in conversation(None) if each["role"] == "user"]
    assert asked_before == ["question 0", "question 1", "question 2", "question 3"]


def test_history_is_bounded_by_turns_and_never_splits_a_call_from_its_answer() -> None:
    messages = conversation({"turns": 1})
    asked_before = [each["text"] for each in messages if each["role"] == "user"]
    assert asked_before[-1] == "question 3"
    assert len(asked_before) <= 2
    _assert_whole(messages)


@pytest.mark.parametrize("tokens", [1, 20, 40, 80])
def test_history_is_bounded_by_tokens_and_never_splits_a_call_from_its_answer(tokens: int) -> None:
    messages = conversation({"tokens": tokens})
    assert messages[-1]["text"] == "question 3"
    _assert_whole(messages)


def _assert_whole(messages: list[dict[str, Any]]) -> None:
    called = [call["id"] for each in messages if each["role"] == "assistant" for call in each["tool_calls"]]
    assert called == [each["call_id"] for each in messages if each["role"] == "tool"]


def test_a_stateless_agent_remembers_nothing() -> None:
    assert [each["role"] for each in conversation(None, stateful=False)] == ["system", "user"]


def test_history_is_apart_for_each_tenant_and_agent() -> None:
    script = {"clerk": [[Says("one")], [Says("two")]], "desk": []}
    runtime = create_runtime(desk(stateful=True, tools=[read_row]), testing=TestingConfig(script=script))

    async def whole() -> list[int]:
        runs = [
            await runtime.run_specialist("clerk", "a", thread_id="t"),
            await runtime.run_specialist("clerk", "b", thread_id="t", tenant="other"),
        ]
        return [of(run, "model_called")[0].messages for run in runs]

    assert asyncio.run(whole()) == [2, 2]
