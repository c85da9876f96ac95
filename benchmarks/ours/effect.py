"""One typed effect: a custom frozen effect with a Python handler, through the test interpreter, recording on."""

from dataclasses import dataclass

from benchmarks.stopwatch import report, time_us
from flowai import Do, Effect, program
from flowai.interpreters import Test

EFFECTS = 20_000


@dataclass(frozen=True)
class AskOracle(Effect[int]):
    """A question with one field."""

    number: int


@program
def ask_all() -> Do[AskOracle, int]:
    """Ask one question after another."""
    total = 0
    for number in range(EFFECTS):
        total += yield from AskOracle(number)
    return total


def answer(effect: AskOracle) -> int:
    """Answer as the peers do."""
    return effect.number + 1


def work() -> None:
    """Run the program once and look at its value."""
    assert Test().handling(AskOracle, answer).run(ask_all()).value == EFFECTS * (EFFECTS + 1) // 2


if __name__ == "__main__":
    report("effect.ours", time_us(work, EFFECTS))
