"""Laws 3, 4 and 5: what runs side by side does not depend on the schedule."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st

from flowai.effects import Clock, ReadClock, Sleep
from flowai.errors import TimedOut
from flowai.laws.law import Subject, law
from flowai.laws.samples import MakeNote, SampleFailed, give, give_slowly, in_turn, nothing
from flowai.laws.strategies import Numbered, delays, names, programs, schedules, scripts
from flowai.programs import Askable, Do, catch, ensure, fail, for_each, gather, program, pure, race, timeout

if TYPE_CHECKING:
    from collections.abc import Mapping

E = TypeVar("E")
ITEMS = st.lists(names(failing=False), max_size=5)
LIMITS = st.none() | st.integers(1, 5)


@program
def span(line: str) -> Do[MakeNote | Clock, str]:
    """Write when it starts and when it ends."""
    yield from MakeNote("+")
    yield from Sleep(1 + len(line))
    yield from MakeNote("-")
    return line


@program
def milliseconds_of(inner: Askable[E, object]) -> Do[E | Clock, int]:
    """Answer with how long a program takes, whether it fails or not."""
    before = yield from ReadClock()
    yield from catch(nothing(inner), lambda _: pure(0))
    after = yield from ReadClock()
    return round((after - before).total_seconds() * 1_000)


def guarded(inner: Any, line: str) -> Any:
    """Return a program that has a cleanup and has begun once any time has passed."""
    return ensure(inner, MakeNote(line))


@law(3, items=ITEMS, more=ITEMS, limit=LIMITS, script=scripts())
def for_each_over_a_concatenation_is_the_concatenation(
    subject: Subject, items: list[str], more: list[str], limit: int | None, script: Mapping[str, int]
) -> None:
    """`for_each(xs + ys) == for_each(xs) + for_each(ys)`."""
    whole = subject.observe(for_each(items + more, give, limit=limit), script)
    parts = [subject.observe(for_each(each, give, limit=limit), script) for each in (items, more)]
    assert whole.outcome[1] == parts[0].outcome[1] + parts[1].outcome[1]


@law(3, items=ITEMS, limit=LIMITS, seed=schedules(), script=scripts())
def for_each_answers_in_input_order(
    subject: Subject, items: list[str], limit: int | None, seed: int, script: Mapping[str, int]
) -> None:
    """For every limit and schedule, a list in the order of the items."""
    seen = subject.observe(for_each(items, give, limit=limit), script, seed=seed)
    assert seen.outcome == ("answer", [script[item] for item in items])
    assert sorted(seen.log) == sorted(items)


@law(3, is_timed=True, items=st.lists(st.text("xyz", max_size=4), max_size=6), limit=st.integers(1, 4))
def a_limit_is_never_exceeded(subject: Subject, items: list[str], limit: int) -> None:
    """At most `limit` run at a time, and as many as that do; slow ones keep their place."""
    seen = subject.observe(for_each(items, span, limit=limit))
    running = list(accumulate({"+": 1, "-": -1}[line] for line in seen.log))
    assert max(running, default=0) == min(limit, len(items))
    assert seen.outcome == ("answer", items)


@law(
    4,
    parts=st.lists(programs(failing=False, sleeping=False), max_size=4),
    seeds=st.tuples(schedules(), schedules()),
    script=scripts(),
)
def gather_does_not_depend_on_the_schedule(
    subject: Subject, parts: list[Numbered], seeds: tuple[int, int], script: Mapping[str, int]
) -> None:
    """The answers are those of the parts, in the order given."""
    one, other = (subject.observe(gather(*parts), script, seed=seed) for seed in seeds)
    assert one.outcome == other.outcome
    assert one.outcome == ("answer", tuple(subject.observe(part, script).outcome[1] for part in parts))


@law(4, is_timed=True, seconds=delays(3), seed=schedules())
def the_first_error_cancels_the_rest(subject: Subject, seconds: list[int], seed: int) -> None:
    """Who has not ended when one fails is cancelled, its `ensure` is waited for, and nothing follows."""
    waits = sorted(seconds)
    parts = [guarded(give_slowly(name, wait), f"end {name}") for name, wait in zip("abc", waits, strict=True)]
    parts[1] = guarded(in_turn(nothing(Sleep(waits[1])), fail(SampleFailed("b"))), "end b")
    seen = subject.observe(gather(*parts), {"a": 1, "c": 3}, seed=seed)
    assert seen.outcome == ("SampleFailed", ("b",))
    assert sorted(seen.log) == ["a", "end a", "end b", "end c"]


@law(5, is_timed=True, seconds=delays(3), bad=st.integers(0, 3), seed=schedules())
def the_first_to_end_wins(subject: Subject, seconds: list[int], bad: int, seed: int) -> None:
    """The outcome of a race is the first outcome, an error too; the rest are cancelled."""
    names_ = ["a", "b", "c"]
    script = {name: place for place, name in enumerate(names_) if place != bad}
    parts = [give_slowly(name, wait) for name, wait in zip(names_, seconds, strict=True)]
    winner = seconds.index(min(seconds))
    seen = subject.observe(race(*parts), script, seed=seed)
    assert seen.log == (names_[winner],)
    assert seen.outcome == subject.observe(parts[winner], script).outcome


@law(5, is_timed=True, seconds=delays(2), seed=schedules())
def a_race_takes_as_long_as_its_winner(subject: Subject, seconds: list[int], seed: int) -> None:
    """Losers cost no time, and their cleanups run."""
    parts = [guarded(Sleep(wait), str(wait)) for wait in seconds]
    seen = subject.observe(milliseconds_of(race(*parts)), seed=seed)
    assert seen.outcome == ("answer", 1_000 * min(seconds))
    assert sorted(map(int, seen.log)) == sorted(seconds)


@law(5, is_timed=True, program=programs(), script=scripts())
def timeout_at_infinity_changes_nothing(subject: Subject, program: Numbered, script: Mapping[str, int]) -> None:
    """`timeout(p, inf) == p`."""
    plain = subject.observe(program, script)
    assert subject.observe(timeout(program, math.inf), script).outcome == plain.outcome


@law(5, is_timed=True, seconds=st.integers(0, 20), limit=st.integers(0, 20), seed=schedules())
def a_timeout_ends_what_takes_longer(subject: Subject, seconds: int, limit: int, seed: int) -> None:
    """What is done in time answers; what is not is cancelled, and its cleanup runs."""
    limited = timeout(guarded(give_slowly("a", seconds), "end"), limit + 0.5)
    seen = subject.observe(limited, {"a": 1}, seed=seed)
    if seconds <= limit:
        assert seen.outcome == ("answer", 1)
        assert seen.log == ("a", "end")
    else:
        assert seen.outcome[0] == TimedOut.__name__
        assert seen.log == ("end",)
    took = subject.observe(milliseconds_of(timeout(Sleep(seconds), limit + 0.5)), seed=seed)
    assert took.outcome == ("answer", round(1_000 * min(seconds, limit + 0.5)))


@law(5, is_timed=True, seconds=st.integers(0, 1_000))
def the_clock_moves_by_what_is_slept(subject: Subject, seconds: int) -> None:
    """Nothing but waiting takes time."""
    assert subject.observe(milliseconds_of(Sleep(seconds))).outcome == ("answer", 1_000 * seconds)
    assert subject.observe(milliseconds_of(pure(1))).outcome == ("answer", 0)
