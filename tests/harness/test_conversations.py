"""Conversations: what is kept of them, by whom at once, and how often a model may repair what it said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from flowai.errors import AgentFailed, ToolArgumentsInvalid
from flowai_harness import Answers, Calls, Says, TestingConfig, create_runtime
from tests.harness.desk import Rows, asked, clerk_runtime, desk, read_row


class Verdict(BaseModel):
    fine: bool


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [each["text"] for each in messages if each["role"] in {"user", "assistant"} and each["text"]]


def looking(into: list[Any]) -> Calls:
    """Return a call that notes what the model is shown."""
    return Calls("read_row", row=lambda seen: (into.append(seen.messages), 1)[1])


def test_calls_of_one_stateful_agent_at_once_are_all_kept() -> None:
    seen: list[Any] = []
    together = [Calls("call_agent", agent="clerk", message=text) for text in ("one", "two")]
    script = {
        "desk": [together[0] + together[1], Calls("call_agent", agent="clerk", message="three"), Says("done")],
        "clerk": [Says("first"), Says("second"), looking(seen), Says("third")],
    }
    runtime = create_runtime(desk(stateful=True), Rows(), testing=TestingConfig(script=script))
    runtime.blocking.query("go", thread_id="t")
    assert texts(seen[0]) == ["one", "first", "two", "second", "three"]


def test_a_repair_is_no_turn_of_the_history() -> None:
    seen: list[Any] = []
    script = {
        "clerk": [[Says("bad"), Answers({"fine": True})], [looking(seen), Says("worse"), Answers({"fine": False})]]
    }
    options: dict[str, Any] = {"stateful": True, "history": {"turns": 1}, "output": Verdict}
    runtime = create_runtime(desk(**options), Rows(), testing=TestingConfig(script=script))

    async def whole() -> None:
        for question in ("first", "second"):
            await runtime.run_specialist("clerk", question, thread_id="t")

    asyncio.run(whole())
    assert [each["text"] for each in seen[0] if each["role"] == "user"] == ["first", "second"]
    assert "bad" not in texts(seen[0])


def test_repairs_of_arguments_and_of_outputs_are_counted_apart() -> None:
    misfit = Calls("read_row", row="x")
    steps = [misfit, misfit, misfit, Says("bad"), Says("bad"), Says("bad"), Answers({"fine": True})]
    run = asked(clerk_runtime(*steps, tools=[read_row], output=Verdict))
    assert run.output == Verdict(fine=True)


def test_arguments_are_repaired_three_times() -> None:
    run = asked(clerk_runtime(*[Calls("read_row", row="x")] * 4, tools=[read_row]))
    with pytest.raises(ToolArgumentsInvalid, match="4 times in a row, at last for `read_row`") as caught:
        _ = run.value
    assert caught.value.tool == "read_row"


def test_an_output_is_repaired_three_times() -> None:
    run = asked(clerk_runtime(*[Says("bad")] * 4, tools=[read_row], output=Verdict))
    with pytest.raises(AgentFailed, match="4 answers"):
        _ = run.value


def test_a_call_that_fits_ends_the_row_of_misfits() -> None:
    misfit = Calls("read_row", row="x")
    steps = [misfit, misfit, misfit, Calls("read_row", row=1), misfit, misfit, misfit, Says("done")]
    assert asked(clerk_runtime(*steps, tools=[read_row])).output == "done"
