"""A server that says what a script says, to whichever agent asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowai.interpreters.seen import SeenSoFar
from flowai_harness import TestingConfig
from tests.live.server import Asked, Call, Reply, Script

HANDLE = re.compile(r"\b([A-Z]\w+):(\w{16,})")
"""A handle in a text, as models pass it on."""


def by_agent(testing: TestingConfig, prompts: dict[str, str]) -> Script:
    """Answer each agent, known by its prompt, with its own turns in their order."""
    turns = {agent or "": iter(each) for agent, each in testing.turns.items()}
    numbers = iter(range(1, 1_000))

    def answer(asked: Asked) -> Reply:
        (agent,) = [name for name, prompt in prompts.items() if prompt in asked.system]
        messages = asked.messages
        named = [HANDLE.findall(message.get("text") or str(message.get("content", ""))) for message in messages]
        seen = SeenSoFar(messages, lambda: [handle for handles in named for handle in handles])
        written: Any = next(turns[agent]).to_json(seen)
        return reply_of(written["steps"], numbers)

    return answer


def reply_of(steps: list[dict[str, Any]], numbers: Iterator[int]) -> Reply:
    """Return scripted steps as an answer of a server."""
    asked = [step["calls"] for step in steps if "calls" in step]
    return Reply(
        text="".join(step.get("says", "") for step in steps),
        thinking="".join(step.get("thinks", "") for step in steps),
        calls=tuple(Call(each["name"], each["arguments"], f"call_{next(numbers)}") for each in asked),
    )
