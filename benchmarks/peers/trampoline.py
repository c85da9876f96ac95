"""One typed effect in plain Python: a hand-written `yield from` trampoline that appends to a list."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from benchmarks.stopwatch import report, time_us

EFFECTS = 20_000


@dataclass(frozen=True)
class AskOracle:
    """A question with one field."""

    number: int

    def __iter__(self) -> Generator["AskOracle", int, int]:
        """Hand the question to the trampoline."""
        return (yield self)


def ask_all() -> Generator[AskOracle, int, int]:
    """Ask one question after another."""
    total = 0
    for number in range(EFFECTS):
        total += yield from AskOracle(number)
    return total


def trampoline(program: Generator[Any, Any, int], handlers: dict[type, Callable[[Any], Any]]) -> int:
    """Answer every question by its type, with a record of each."""
    record: list[tuple[object, object]] = []
    try:
        effect = next(program)
        while True:
            answer = handlers[type(effect)](effect)
            record.append((effect, answer))
            effect = program.send(answer)
    except StopIteration as finished:
        assert len(record) == EFFECTS
        return finished.value


def main() -> None:
    """Measure one effect."""
    handlers = {AskOracle: lambda effect: effect.number + 1}
    report("effect.trampoline", time_us(lambda: trampoline(ask_all(), handlers), EFFECTS))


if __name__ == "__main__":
    main()
