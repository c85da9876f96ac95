"""Row 15: keys, headers, the environment, services and contexts are in no file of a store."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flowai import CallModel
from flowai.interpreters import Live
from flowai_harness import (
    TestingConfig,
    ToolContext,
    create_runtime,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.durable.shop import Deeds, left

KEY, HEADER = "sk-canary-4711", "Bearer canary-4712"
ENVIRONMENT, SERVICES, CONTEXT = "canary-4714", "canary-4716", "canary-4717"
CANARIES = [KEY, HEADER, ENVIRONMENT, SERVICES, CONTEXT]


@define_tool(access="write_once", approval="always")
def drop(ctx: ToolContext[Deeds], row: int) -> str:
    """Drop a row."""
    return f"dropped {row} by one of {len(ctx.services.done)}"


def gateway(question: CallModel[Any]) -> dict[str, Any]:
    """Ask for a row to be dropped, then say that it is."""
    is_asked = any(each.get("tool_calls") for each in map(dict[str, Any], question.messages or ()))
    call = {"id": "1", "name": "drop", "arguments": {"row": 1}}
    return {"text": "done", "tool_calls": []} if is_asked else {"text": "", "tool_calls": [call]}


def runtime_on(path: Path, *, scripted: bool = False) -> Any:
    agent = define_specialist(name="clerk", model="claude-haiku-4-5", prompt="x", tools=[drop])
    providers: Any = {"anthropic": {"apiKey": KEY, "headers": {"Authorization": HEADER}}}
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent], providers=providers)
    storage = f"sqlite:///{path / 'runs.db'}"
    if scripted:
        return create_runtime(spec, Deeds([SERVICES]), testing=TestingConfig(mock_response="x"), storage=storage)
    live: Any = Live()
    return create_runtime(spec, Deeds([SERVICES]), interpreter=live.handling(CallModel, gateway), storage=storage)


def found(path: Path, canaries: list[str]) -> list[tuple[str, str]]:
    """Return which canaries are in which files: the database, its log, its index and its head."""
    files = [(each.name, each.read_bytes()) for each in path.iterdir() if each.is_file()]
    assert {"runs.db", "runs.db-wal", "runs.db-head"} <= {name for name, _ in files}
    return [(name, canary) for name, written in files for canary in canaries if canary.encode() in written]


def test_no_secret_of_a_runtime_is_in_its_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", ENVIRONMENT)

    async def whole() -> None:
        first, second = (runtime_on(tmp_path) for _ in range(2))
        run = first.run_specialist("clerk", "go", thread_id="t", context=Deeds([CONTEXT]))
        approval = await left(first, run, second)
        assert found(tmp_path, CANARIES) == []
        await second.respond_to_approval(approval, "approve", principal="ana")
        assert (await second.resume(run.run_id)).output == "done"
        await runtime_on(tmp_path, scripted=True).run_specialist("clerk", "hello", thread_id="u")
        assert found(tmp_path, CANARIES) == []
        # What is looked for would be seen.
        assert found(tmp_path, ["dropped 1 by one of 1"]) != []

    asyncio.run(whole())
