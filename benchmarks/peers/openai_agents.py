"""An agent step in openai-agents: a scripted `Model` and one async tool."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, Usage, function_tool, set_tracing_disabled
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from benchmarks.stopwatch import report, time_us


class ScriptedModel(Model):
    """Calls the tool `steps` times a run.

    The library's own `ScriptedModel` copies the whole history at each call, which would count against it.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.asked = 0

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        """Answer the next step of the script."""
        self.asked += 1
        done = self.asked % (self.steps + 1) == 0
        return ModelResponse(output=[said() if done else call(self.asked)], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        """Refuse to stream: the measured run does not."""
        raise NotImplementedError


def said() -> ResponseOutputMessage:
    """The last answer."""
    text = ResponseOutputText(text="done", type="output_text", annotations=[])
    return ResponseOutputMessage(id="m", content=[text], role="assistant", status="completed", type="message")


def call(number: int) -> ResponseFunctionToolCall:
    """One tool call."""
    return ResponseFunctionToolCall(
        arguments='{"sku": "A-1"}', call_id=f"call-{number}", name="read_stock", type="function_call"
    )


@function_tool
async def read_stock(sku: str) -> dict[str, object]:
    """Read the stock of one article."""
    return {"sku": sku, "units": 3}


async def run_once(agent: Agent[None], steps: int) -> None:
    """Run to the end and read every item, which is its way to see what happened."""
    result = await Runner.run(agent, "go", max_turns=steps + 2)
    assert result.final_output == "done"
    assert len(result.new_items) == steps * 2 + 1


def main() -> None:
    """Measure one step at both lengths of a run."""
    set_tracing_disabled(disabled=True)
    with asyncio.Runner() as runner:
        for steps in (10, 100):
            agent = Agent[None](name="clerk", model=ScriptedModel(steps), tools=[read_stock])
            micros = time_us(lambda a=agent, n=steps: runner.run(run_once(a, n)), steps, repeats=3)
            report(f"agent{steps}.openai_agents", micros)


if __name__ == "__main__":
    main()
