"""One typed effect in `doeff`, written as its documentation writes typed programs."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from doeff import EffectBase, K, Resume, do, handler, run, typed_resume

from benchmarks.stopwatch import report, time_us

EFFECTS = 20_000


@dataclass(frozen=True)
class AskOracle(EffectBase[int]):
    """A question with one field."""

    number: int


@do
def ask_all() -> Generator[AskOracle, Any, int]:
    """Ask one question after another."""
    total = 0
    for number in range(EFFECTS):
        total += yield from AskOracle(number)
    return total


def recording(record: list[tuple[object, object]]) -> Callable[[Any], Any]:
    """Answer with a record of each question, as the trampoline does."""

    @handler
    def on_ask(effect: AskOracle, k: K) -> Generator[Resume, Any, Any]:
        answer = effect.number + 1
        record.append((effect, answer))
        return (yield typed_resume(effect, k, answer))

    return on_ask


def work() -> None:
    """Run the program under a fresh record."""
    record: list[tuple[object, object]] = []
    assert run(recording(record)(ask_all())) == EFFECTS * (EFFECTS + 1) // 2
    assert len(record) == EFFECTS


if __name__ == "__main__":
    report("effect.doeff", time_us(work, EFFECTS))
