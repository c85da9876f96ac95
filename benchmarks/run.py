"""The benchmark: every script as a process of its own, round after round, and a table of medians and ratios."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

from benchmarks.bars import BARS, SCRIPTS, Script
from benchmarks.environments import ROOT, python_of
from benchmarks.table import Medians, render

Samples = dict[str, list[float]]


def main() -> int:
    """Measure and print; 1 when a script failed, or when `--strict` and a bar is missed."""
    options = _parser().parse_args()
    scripts = [script for script in SCRIPTS if options.only in script.module]
    samples, failed = _measure(scripts, options.rounds)
    medians: Medians = {name: statistics.median(values) for name, values in samples.items()}
    table, missed = render(BARS, medians)
    sys.stdout.write(table)
    sys.stderr.writelines(f"failed: {module}\n" for module in sorted(failed))
    return int(bool(failed) or (options.strict and missed > 0))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each script runs (default 5)")
    parser.add_argument("--only", default="", help="run the scripts whose module name contains this")
    parser.add_argument("--strict", action="store_true", help="fail when a bar is missed")
    return parser


def _measure(scripts: Sequence[Script], rounds: int) -> tuple[Samples, set[str]]:
    samples: Samples = defaultdict(list)
    failed: set[str] = set()
    pythons = {script.environment: str(python_of(script.environment)) for script in scripts}
    for round_number in range(1, rounds + 1):
        sys.stderr.write(f"round {round_number} of {rounds}\n")
        for script in scripts:
            if script.module in failed:
                continue
            try:
                for name, value in _run(pythons[script.environment], script):
                    samples[name].append(value)
            except subprocess.CalledProcessError:
                failed.add(script.module)
    return samples, failed


def _run(python: str, script: Script) -> Iterable[tuple[str, float]]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    command = [python, "-m", script.module, *script.arguments]
    printed = subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True).stdout
    for line in printed.splitlines():
        measured = json.loads(line)
        yield measured["name"], measured["value"]


if __name__ == "__main__":
    sys.exit(main())
