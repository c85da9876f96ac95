"""An agent step without a framework: a Python loop of dicts with one async tool and its history."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from benchmarks.stopwatch import report, time_us

Message = dict[str, Any]


async def read_stock(sku: str) -> dict[str, object]:
    """The tool."""
    return {"sku": sku, "units": 3}


TOOLS = {"read_stock": read_stock}


def script(steps: int) -> Iterator[Message]:
    """A model that calls the tool `steps` times and says it is done."""
    for number in range(steps):
        call = {"id": f"call-{number}", "name": "read_stock", "arguments": '{"sku": "A-1"}'}
        yield {"role": "assistant", "content": "", "tool_calls": [call]}
    yield {"role": "assistant", "content": "done", "tool_calls": []}


async def agent(steps: int) -> list[Message]:
    """Call, perform, remember, until the model calls nothing."""
    answers = script(steps)
    history: list[Message] = [{"role": "user", "content": "go"}]
    events: list[Message] = []
    while True:
        answer = next(answers)
        history.append(answer)
        events.append({"type": "model_answered", "message": answer})
        if not answer["tool_calls"]:
            return events
        for call in answer["tool_calls"]:
            events.append({"type": "tool_called", "call": call})
            result = await TOOLS[call["name"]](**json.loads(call["arguments"]))
            history.append({"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result)})
            events.append({"type": "tool_answered", "result": result})


async def read_events(steps: int) -> None:
    """Read every event of one run."""
    assert len([event["type"] for event in await agent(steps)]) == steps * 3 + 1


def main() -> None:
    """Measure one step at both lengths of a run."""
    with asyncio.Runner() as runner:
        for steps in (10, 100):
            report(f"agent{steps}.bare_loop", time_us(lambda n=steps: runner.run(read_events(n)), steps))


if __name__ == "__main__":
    main()
