"""Pieces of answers of a kept run: no reader is shown one before the events that stand before it."""

import asyncio
from pathlib import Path
from typing import Any

from flowai.interpreters import Live
from flowai_harness import create_runtime, define_runtime, define_specialist, define_tenant
from tests.live.server import Reply, serving

LONG = "All happy families are alike; each unhappy family is unhappy in its own way."


def test_a_piece_comes_behind_the_question_that_it_answers_though_the_store_is_slower(tmp_path: Path) -> None:
    async def whole(url: str) -> list[str]:
        clerk = define_specialist(name="clerk", model="claude-x", prompt="x")
        providers: Any = {"anthropic": {"baseUrl": url, "apiKey": "sk-canary-4711"}}
        spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[clerk], providers=providers)
        runtime = create_runtime(spec, interpreter=Live(), storage=f"sqlite:///{tmp_path / 'runs.db'}")
        kinds: list[str] = []
        for _ in range(5):
            run = runtime.run_specialist("clerk", "Begin.", thread_id="t")
            kinds += [event.type async for event in run]
        return kinds

    with serving([Reply(LONG) for _ in range(5)]) as server:
        kinds = asyncio.run(whole(server.url))
    # Who begins to read when an answer is whole finds no pieces of it: that may be so for the first.
    assert kinds.count("text_delta") >= 1
    before = [kinds[index - 1] for index, kind in enumerate(kinds) if kind == "text_delta"]
    assert set(before) <= {"model_called", "text_delta"}
