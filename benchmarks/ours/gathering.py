"""A gather of 1,000 programs that ask one effect each."""

from dataclasses import dataclass

from benchmarks.stopwatch import report, time_us
from flowai import Do, Effect, gather, program
from flowai.interpreters import Test

PROGRAMS = 1_000


@dataclass(frozen=True)
class AskOracle(Effect[int]):
    """A question with one field."""

    number: int


@program
def ask(number: int) -> Do[AskOracle, int]:
    """Ask once."""
    return (yield from AskOracle(number))


def answer(effect: AskOracle) -> int:
    """Answer as the peers do."""
    return effect.number + 1


def work() -> None:
    """Run the gather once and look at its values."""
    run = Test().handling(AskOracle, answer).run(gather(*(ask(number) for number in range(PROGRAMS))))
    assert run.value == tuple(range(1, PROGRAMS + 1))


if __name__ == "__main__":
    report("gather.ours", time_us(work, PROGRAMS))
