"""1,000 samples of two model calls and one tool, scored, with every event; and short trajectories scored alone."""

import resource
import time

from benchmarks.stopwatch import report
from flowai.evals import JsonMatch, RawSampleOutput, ToolCall, Trajectory, define_test_case, run_eval, score_sample
from flowai_harness import (
    Calls,
    Says,
    TestingConfig,
    create_runtime,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)

SAMPLES = 1_000
SCORED = 50_000


@define_tool(access="read")
async def read_stock(sku: str) -> dict[str, object]:
    """Read the stock."""
    return {"sku": sku, "units": 3}


def samples(count: int = SAMPLES) -> float:
    """The seconds of CPU that the samples take."""
    clerk = define_specialist(name="clerk", model="claude-haiku-4-5", prompt="Serve.", tools=[read_stock])
    spec = define_runtime(tenant=define_tenant("shop", "v1"), agents=[clerk])
    runtime = create_runtime(spec, testing=TestingConfig(mock_response="unused"))
    cases = [
        define_test_case(
            f"case-{number}",
            "go",
            agent="clerk",
            expected_trajectory=[ToolCall("read_stock", {"sku": "A-1"})],
            expected_response="done",
            testing=TestingConfig(script=[Calls("read_stock", sku="A-1"), Says("done")]),
        )
        for number in range(count)
    ]
    start = time.process_time()
    found = run_eval(cases, runtime, scorers=[Trajectory(), JsonMatch()])
    seconds = time.process_time() - start
    assert found.mean() == 1
    assert all(sample.output is not None and sample.output.events for sample in found)
    return seconds


def scores() -> float:
    """How many short trajectories are scored in a second of CPU."""
    case = define_test_case("case", "go", expected_trajectory=["find", "plan", "explain"])
    actual = [["find", "plan", "explain"], ["find", "explain"], ["plan", "find", "explain"]]
    start = time.process_time()
    for number in range(SCORED):
        score_sample(case, RawSampleOutput(actual_trajectory=actual[number % 3]))
    return SCORED / (time.process_time() - start)


def main() -> None:
    """Measure both, and the memory of the process with every event of every sample in it."""
    samples(20)
    seconds = samples()
    report("sample.ours", seconds * 1e6 / SAMPLES)
    report("samples.ours", seconds)
    report("samples.ours_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    report("score.ours_us", 1e6 / scores())


if __name__ == "__main__":
    main()
