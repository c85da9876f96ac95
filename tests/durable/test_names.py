"""Names of runs: what is long in a message is kept once."""

import asyncio
from pathlib import Path

from tests.durable.shop import Deeds, shop


def test_a_long_message_is_no_part_of_the_name_of_its_run(tmp_path: Path) -> None:
    async def whole() -> None:
        runtime = shop(tmp_path, Deeds(), "done")
        message = "tell me of row 1, " * 1_000
        run = await runtime.run_specialist("clerk", message)
        [started] = [event for event in runtime.events(run.run_id) if event.type == "run_started"]
        assert started.program.startswith("clerk: tell me of row 1, tell me")
        assert len(started.program) <= 200
        [called] = [event for event in runtime.events(run.run_id) if event.type == "agent_called"]
        assert called.message == message

    asyncio.run(whole())
