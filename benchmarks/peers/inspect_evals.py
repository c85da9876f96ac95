"""Samples in Inspect: its mock model with scripted outputs, one tool, one scorer, its log in memory."""

import os
import time

os.environ["INSPECT_DISPLAY"] = "none"

import tiktoken
from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import Tool, ToolChoice, ToolInfo, tool

from benchmarks.stopwatch import report

SAMPLES = 100


class Words:
    """Counts words: the mock model's own counter downloads a vocabulary, and a benchmark needs no network."""

    def encode(self, text: str, **_options: object) -> list[int]:
        """Return a number for each word."""
        return [0] * len(text.split())


tiktoken.get_encoding = lambda _name: Words()
tiktoken.encoding_for_model = lambda _name: Words()


@tool
def read_stock() -> Tool:
    """Read the stock."""

    async def execute(sku: str) -> str:
        """Read the stock.

        Args:
            sku: the article.
        """
        return f"3 of {sku}"

    return execute


def answer(
    messages: list[ChatMessage], _tools: list[ToolInfo], _choice: ToolChoice, _config: GenerateConfig
) -> ModelOutput:
    """Call the tool, then answer."""
    if messages[-1].role == "tool":
        return ModelOutput.from_content("mockllm/model", "done")
    return ModelOutput.for_tool_call("mockllm/model", "read_stock", {"sku": "A-1"})


def run(folder: str) -> None:
    """Evaluate every sample once."""
    task = Task(
        dataset=[Sample(input="go", target="done") for _ in range(SAMPLES)],
        solver=[use_tools(read_stock()), generate()],
        scorer=match(),
    )
    (log,) = evaluate(task, model=get_model("mockllm/model", custom_outputs=answer), log_dir=folder, display="none")
    assert log.status == "success", log.error


def main() -> None:
    """Measure the CPU of one sample."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        run(folder)
        start = time.process_time()
        run(folder)
        report("sample.inspect", (time.process_time() - start) * 1e6 / SAMPLES)


if __name__ == "__main__":
    main()
