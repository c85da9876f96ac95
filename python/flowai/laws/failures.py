"""Laws 6 and 7: failures are handled where the program says, and cleanups run once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flowai.effects import Sleep
from flowai.errors import EffectFailed, ProgramError
from flowai.laws.branches import milliseconds_of
from flowai.laws.law import Observation, Subject, law
from flowai.laws.samples import GiveNumber, MakeNote, SampleFailed, give, noted, nothing, recovered, wrapped
from flowai.laws.strategies import Numbered, failures, programs, schedules, scripts
from flowai.programs import catch, ensure, fail, fallback, gather, pure, race, retry, timeout

if TYPE_CHECKING:
    from collections.abc import Mapping

SAFE = programs(failing=False, parallel=False)
ANY = programs(parallel=False)


@law(6, program=SAFE, script=scripts())
def catch_leaves_success_alone(subject: Subject, program: Numbered, script: Mapping[str, int]) -> None:
    """`catch(p, h) == p` where `p` succeeds."""
    assert subject.observe(catch(program, recovered), script) == subject.observe(program, script)


@law(6, program=ANY, script=scripts())
def catch_runs_the_handler_once_on_an_error(subject: Subject, program: Numbered, script: Mapping[str, int]) -> None:
    """A failing program is followed by what the handler makes of its error."""
    plain = subject.observe(program, script)
    seen = subject.observe(catch(program, recovered, on=EffectFailed), script)
    if plain.outcome[0] == "answer":
        assert seen == plain
    else:
        assert seen == Observation(("answer", 0), (*plain.log, f"caught {plain.outcome[0]}"))


@law(6)
def catch_lets_other_errors_pass(subject: Subject) -> None:
    """Only the errors that `on` names are handled."""
    seen = subject.observe(catch(fail(KeyError("k")), recovered, on=SampleFailed))
    assert seen == Observation(("KeyError", ("k",)), ())


@law(6, is_timed=True, seed=schedules())
def nobody_catches_a_cancel(subject: Subject, seed: int) -> None:
    """Neither `catch`, `fallback`, nor `retry` continues a program that is cancelled."""
    slow = nothing(Sleep(9))
    again = noted("again", pure(0))
    for kept in (catch(slow, recovered), fallback(slow, again), retry(slow, attempts=3, on=Exception)):
        seen = subject.observe(race(noted("slow", kept), nothing(Sleep(1))), seed=seed)
        assert seen == Observation(("answer", 0), ("slow",))


@law(6, first=ANY, second=ANY, script=scripts())
def fallback_tries_the_next_only_on_an_error(
    subject: Subject, first: Numbered, second: Numbered, script: Mapping[str, int]
) -> None:
    """`fallback(p, q)` is `p` where it succeeds, else `q` after it."""
    one, other = subject.observe(first, script), subject.observe(second, script)
    expected = one if one.outcome[0] == "answer" else Observation(other.outcome, one.log + other.log)
    assert subject.observe(fallback(first, second), script) == expected


@law(6, attempts=st.integers(1, 5), fails=st.integers(0, 7))
def retry_runs_until_success_or_the_last_attempt(subject: Subject, attempts: int, fails: int) -> None:
    """At most `attempts` runs in all, and one on success."""
    seen = subject.observe(retry(GiveNumber("a"), attempts=attempts), {"a": 1}, {"a": fails})
    assert seen.log == ("a",) * min(attempts, fails + 1)
    assert seen.outcome[0] == ("answer" if fails < attempts else "SampleFailed")


@law(6, is_timed=True, attempts=st.integers(1, 5))
def retry_waits_between_runs_only(subject: Subject, attempts: int) -> None:
    """Waits grow by the factor up to their maximum; none follows the last run."""
    program = retry(GiveNumber("bad"), attempts=attempts, wait_ms=1_000, factor=2, wait_ms_max=3_000)
    waits = [1_000, 2_000, 3_000, 3_000][: attempts - 1]
    assert subject.observe(milliseconds_of(program)).outcome == ("answer", sum(waits))


@law(6)
def retry_lets_other_errors_pass(subject: Subject) -> None:
    """An error that the policy does not name ends it at once."""
    program = retry(noted("run", fail(KeyError("k"))), attempts=3, on=SampleFailed)
    assert subject.observe(program) == Observation(("KeyError", ("k",)), ("run",))


@law(6)
def retry_never_writes_once(subject: Subject) -> None:
    """A `write_once` tool inside a retry is refused, the first attempt included, however deep."""
    from flowai.laws.tools import WRITES, write

    for depth in (wrapped(write("x")), gather(wrapped(write("x")))):
        WRITES.clear()
        seen = subject.observe(retry(depth, attempts=2))
        assert seen.outcome[0] == ProgramError.__name__
        assert WRITES == []


@law(7, program=ANY, script=scripts(), fails=failures())
def a_cleanup_runs_once_after_success_and_failure(
    subject: Subject, program: Numbered, script: Mapping[str, int], fails: Mapping[str, int]
) -> None:
    """The outcome stays, and one line more is in the log, at its end."""
    plain = subject.observe(program, script, fails)
    seen = subject.observe(ensure(program, MakeNote("cleanup")), script, fails)
    assert seen == Observation(plain.outcome, (*plain.log, "cleanup"))


@law(7, is_timed=True, seed=schedules(), how=st.sampled_from(["race", "timeout", "gather"]))
def a_cleanup_runs_once_after_a_cancel(subject: Subject, seed: int, how: str) -> None:
    """Cleanups run last in, first out, and what was cancelled goes no further."""
    inner = ensure(noted("begin", nothing(Sleep(9))), MakeNote("inner"))
    outer: Any = ensure(inner.bind(lambda _: give("a")), MakeNote("outer"))
    cancelled = {
        "race": race(outer, nothing(Sleep(1))),
        "timeout": timeout(outer, 1),
        "gather": gather(outer, nothing(Sleep(1)).bind(lambda _: fail(SampleFailed("stop")))),
    }[how]
    assert subject.observe(cancelled, {"a": 1}, seed=seed).log == ("begin", "inner", "outer")


@law(7, is_timed=True, seed=schedules())
def a_cleanup_is_not_cut_by_a_cancel(subject: Subject, seed: int) -> None:
    """A cancel waits until a cleanup that has begun is through."""
    slow = ensure(pure(0), noted("begin", nothing(Sleep(5)).bind(lambda _: noted("end", pure(0)))))
    after = slow.bind(lambda _: noted("after", pure(0)))
    seen = subject.observe(race(after, nothing(Sleep(1))), seed=seed)
    assert seen == Observation(("answer", 0), ("begin", "end"))


@law(7)
def cleanups_run_last_in_first_out(subject: Subject) -> None:
    """The innermost cleanup is the first."""
    program = ensure(ensure(give("a"), MakeNote("inner")), MakeNote("outer"))
    assert subject.observe(program, {"a": 1}).log == ("a", "inner", "outer")
