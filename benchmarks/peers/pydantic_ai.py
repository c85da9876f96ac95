"""An agent step in pydantic-ai: a scripted `FunctionModel` and one async tool."""

import asyncio

from pydantic_ai import Agent, UsageLimits
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from benchmarks.stopwatch import report, time_us

NO_LIMIT = UsageLimits(request_limit=None)


def build(steps: int) -> Agent[None, str]:
    """An agent whose model calls the tool `steps` times a run."""
    asked = 0

    def answer(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        nonlocal asked
        asked += 1
        if asked % (steps + 1) == 0:
            return ModelResponse(parts=[TextPart("done")])
        return ModelResponse(parts=[ToolCallPart("read_stock", {"sku": "A-1"})])

    agent = Agent(FunctionModel(answer))

    @agent.tool_plain
    async def read_stock(sku: str) -> dict[str, object]:
        return {"sku": sku, "units": 3}

    return agent


async def run_once(agent: Agent[None, str], steps: int) -> None:
    """Run to the end and read every node, which is its way to see what happened."""
    nodes = 0
    async with agent.iter("go", usage_limits=NO_LIMIT) as run:
        async for _node in run:
            nodes += 1
    assert run.result is not None
    assert run.result.output == "done"
    assert len(run.result.all_messages()) == steps * 2 + 2


def main() -> None:
    """Measure one step at both lengths of a run."""
    with asyncio.Runner() as runner:
        for steps in (10, 100):
            agent = build(steps)
            micros = time_us(lambda a=agent, n=steps: runner.run(run_once(a, n)), steps, repeats=3)
            report(f"agent{steps}.pydantic_ai", micros)


if __name__ == "__main__":
    main()
