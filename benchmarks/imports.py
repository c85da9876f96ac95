"""The time of one cold import in a fresh process, without anything else imported before it."""

import subprocess
import sys

from benchmarks.stopwatch import report

STATEMENTS = {
    "pydantic": "from pydantic import BaseModel",
    "ours": "import flowai_harness",
    "ours_used": "from flowai_harness import create_runtime, define_specialist, define_tool",
    "pydantic_ai": "from pydantic_ai import Agent",
    "langchain": "from langchain.agents import create_agent",
    "openai_agents": "from agents import Agent, Runner",
}
"""What a user of each writes first."""


def main() -> None:
    """Import each name given on the command line."""
    for name in sys.argv[1:]:
        report(f"import.{name}", _import_ms(STATEMENTS[name]), "ms")


def _import_ms(statement: str) -> float:
    code = f"import time; t = time.perf_counter(); {statement}; print((time.perf_counter() - t) * 1e3)"
    return min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3))


if __name__ == "__main__":
    main()
