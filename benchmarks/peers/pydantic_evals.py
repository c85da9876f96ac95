"""Samples in pydantic-evals: an agent with a scripted model and one tool, a data set, one evaluator."""

import time

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

from benchmarks.stopwatch import report

SAMPLES = 200


def answer(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
    """Call the tool, then answer."""
    if len(messages) == 1:
        return ModelResponse(parts=[ToolCallPart("read_stock", {"sku": "A-1"})])
    return ModelResponse(parts=[TextPart("done")])


agent = Agent(FunctionModel(answer))


@agent.tool_plain
async def read_stock(sku: str) -> dict[str, object]:
    """Read the stock."""
    return {"sku": sku, "units": 3}


async def task(prompt: str) -> str:
    """Ask the agent."""
    return (await agent.run(prompt)).output


def main() -> None:
    """Measure the CPU of one sample."""
    cases = [Case(name=f"case-{number}", inputs="go", expected_output="done") for number in range(SAMPLES)]
    dataset = Dataset(name="bench", cases=cases, evaluators=[EqualsExpected()])
    dataset.evaluate_sync(task, progress=False)
    start = time.process_time()
    found = dataset.evaluate_sync(task, progress=False)
    seconds = time.process_time() - start
    assert len(found.cases) == SAMPLES
    assert all(each.assertions["EqualsExpected"].value for each in found.cases)
    report("sample.pydantic_evals", seconds * 1e6 / SAMPLES)


if __name__ == "__main__":
    main()
