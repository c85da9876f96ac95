"""An agent step in langchain: `create_agent` with a scripted chat model and one async tool."""

import asyncio
from collections.abc import Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool

from benchmarks.stopwatch import report, time_us


class ScriptedModel(BaseChatModel):
    """Calls the tool `steps` times a run."""

    steps: int
    asked: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, _tools: Sequence[Any], **_settings: Any) -> "ScriptedModel":
        """Take the tools as they are: the script knows their names."""
        return self

    def _generate(self, _messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self.asked += 1
        done = self.asked % (self.steps + 1) == 0
        call = {"name": "read_stock", "args": {"sku": "A-1"}, "id": f"call-{self.asked}"}
        message = AIMessage("done") if done else AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return self._generate(messages)


@tool
async def read_stock(sku: str) -> dict[str, object]:
    """Read the stock of one article."""
    return {"sku": sku, "units": 3}


async def run_once(agent: Any, steps: int) -> None:
    """Run to the end and read every update, which is its way to see what happened."""
    config = {"recursion_limit": steps * 2 + 10}
    updates = 0
    async for _update in agent.astream({"messages": [("user", "go")]}, config, stream_mode="updates"):
        updates += 1
    assert updates == steps * 2 + 1


def main() -> None:
    """Measure one step at both lengths of a run."""
    with asyncio.Runner() as runner:
        for steps in (10, 100):
            agent = create_agent(ScriptedModel(steps=steps), [read_stock])
            micros = time_us(lambda a=agent, n=steps: runner.run(run_once(a, n)), steps, repeats=3)
            report(f"agent{steps}.langchain", micros)


if __name__ == "__main__":
    main()
