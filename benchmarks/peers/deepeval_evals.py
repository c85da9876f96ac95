"""Samples in DeepEval: test cases that were run already, scored for their tools; it runs no agent."""

import os
import time

os.environ.update({"DEEPEVAL_TELEMETRY_OPT_OUT": "1", "ERROR_REPORTING": "0", "OPENAI_API_KEY": "unused"})

from deepeval.metrics import ToolCorrectnessMetric
from deepeval.test_case import LLMTestCase, ToolCall

from benchmarks.stopwatch import report

SAMPLES = 40


def run() -> None:
    """Score every sample once."""
    for _ in range(SAMPLES):
        metric = ToolCorrectnessMetric(async_mode=False)
        called = [ToolCall(name="read_stock", input_parameters={"sku": "A-1"})]
        case = LLMTestCase(input="go", actual_output="done", tools_called=called, expected_tools=called)
        metric.measure(case, _show_indicator=False)
        assert metric.score == 1


def main() -> None:
    """Measure the CPU of one sample."""
    run()
    start = time.process_time()
    run()
    report("sample.deepeval", (time.process_time() - start) * 1e6 / SAMPLES)


if __name__ == "__main__":
    main()
