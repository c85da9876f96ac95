"""The main job, live: the same agents on a model server of this machine, by one word."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from examples.restock import job
from examples.restock.__main__ import main
from examples.restock.agents import spec
from examples.restock.job import restock
from examples.restock.review import Mode
from examples.restock.script import scripted_models
from examples.restock.stocking import build_warehouse
from flowai.events import Event
from flowai_harness import create_runtime
from tests.live.scripted import by_agent
from tests.live.server import Server, serving

PROMPTS = {agent.name: agent.prompt for agent in spec.agents}
MODELS = {"anthropic": "claude-sonnet-4-6", "openai": "gpt-5", "openai-chat": "openai-chat:gpt-4o"}


def spoken(provider: str, **settings: Any) -> Any:
    """The example's runtime with models of one provider."""
    agents = tuple(replace(agent, model=MODELS[provider], settings=settings) for agent in spec.agents)
    return replace(spec, agents=agents)


def reach(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")


@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_the_job_runs_live_and_does_the_same(
    provider: str, *, streamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "spec", spoken(provider, stream=streamed))
    shelves = [build_warehouse(tmp_path / word) for word in ("live", "test")]
    with serving(by_agent(scripted_models(), PROMPTS)) as server:
        reach(server, monkeypatch)
        live = asyncio.run(restock(shelves[0], Mode.REJECT, Console(file=io.StringIO()), "live"))
    scripted = asyncio.run(restock(shelves[1], Mode.REJECT, Console(file=io.StringIO()), "test"))
    assert live.answer == scripted.answer == "The plan's status is EXECUTED."
    assert shelves[0].articles() == shelves[1].articles()
    # Tools run side by side when they are live, so that only their order may differ.
    assert sorted(event.type for event in live.events) == sorted(event.type for event in scripted.events)
    assert all(asked.body.get("stream", False) is streamed for asked in server.asked)
    assert len(server.asked) == len([event for event in live.events if event.type == "model_called"])


@pytest.mark.parametrize("provider", MODELS)
def test_readers_see_the_answers_come(provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def watched() -> list[Event]:
        async with create_runtime(spoken(provider), build_warehouse(tmp_path / "shop"), interpreter="live") as runtime:
            run = runtime.run_specialist("stock_analyst", "What runs out?")
            return [event async for event in run]

    with serving(by_agent(scripted_models(), PROMPTS)) as server:
        reach(server, monkeypatch)
        seen = asyncio.run(watched())
    (said,) = [event for event in seen if event.type == "model_answered" and event.text]
    pieces = [event for event in seen if event.type == "text_delta"]
    assert "".join(event.text for event in pieces) == said.text
    assert {(event.position, event.agent, event.seq) for event in pieces} == {(said.position, "stock_analyst", None)}
    called = max(index for index, event in enumerate(seen) if event.type == "model_called")
    assert called < seen.index(pieces[0]) <= seen.index(pieces[-1]) < seen.index(said)


def test_one_variable_makes_the_command_live(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(by_agent(scripted_models(), PROMPTS)) as server:
        reach(server, monkeypatch)
        monkeypatch.setenv("FLOWAI_INTERPRETER", "live")
        assert main(["--yes"]) == 0
    assert "answered by the live interpreter" in capsys.readouterr().out
    assert len(server.asked) == 13
