"""Law 14: a limit never adds effects."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flowai.effects import CallAgent
from flowai.errors import LimitReached
from flowai.laws.branches import span
from flowai.laws.law import Subject, law, outcome_of
from flowai.laws.samples import give
from flowai.laws.strategies import Numbered, failures, names, programs, schedules, scripts
from flowai.laws.tools import WRITES, write_line
from flowai.programs import for_each, gather, race, timeout
from flowai.specs.define_agent import define_specialist
from flowai.specs.script import Calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SEQUENTIAL = programs(parallel=False)


def is_within(part: Iterable[str], whole: Iterable[str]) -> bool:
    """Say whether everything that was asked in one run was asked in the other, as often at least."""
    return Counter(part) <= Counter(whole)


@law(14, items=st.lists(names(), max_size=6), limit=st.integers(1, 5), script=scripts(), seed=schedules())
def a_limited_for_each_asks_no_more(
    subject: Subject, items: list[str], limit: int, script: Mapping[str, int], seed: int
) -> None:
    """At most once for each item, failing ones too; and all of them where none fails."""
    seen = subject.observe(for_each(items, give, limit=limit), script, seed=seed)
    assert is_within(seen.log, items)
    if seen.outcome[0] == "answer":
        assert seen == subject.observe(for_each(items, give), script, seed=seed)._replace(log=seen.log)
        assert sorted(seen.log) == sorted(items)


@law(14, is_timed=True, items=st.lists(st.text("xyz", max_size=4), max_size=5), limit=st.integers(1, 4))
def a_limit_changes_when_and_not_what(subject: Subject, items: list[str], limit: int) -> None:
    """The same questions and answers under every limit."""
    free, limited = (subject.observe(for_each(items, span, limit=each)) for each in (None, limit))
    assert limited.outcome == free.outcome
    assert sorted(limited.log) == sorted(free.log)


@law(14, is_timed=True, program=SEQUENTIAL, seconds=st.integers(0, 9), script=scripts(), fails=failures())
def a_timeout_asks_no_more(
    subject: Subject, program: Numbered, seconds: int, script: Mapping[str, int], fails: Mapping[str, int]
) -> None:
    """What is asked before the end of the time would have been asked without it."""
    whole = subject.observe(program, script, fails)
    cut = subject.observe(timeout(program, seconds + 0.5), script, fails)
    assert is_within(cut.log, whole.log)
    assert cut == whole or cut.outcome[0] == "TimedOut"


@law(14, is_timed=True, parts=st.lists(SEQUENTIAL, min_size=1, max_size=3), script=scripts(), seed=schedules())
def what_ends_others_asks_no_more(
    subject: Subject, parts: list[Numbered], script: Mapping[str, int], seed: int
) -> None:
    """Neither a `gather` that fails nor a `race` that is won asks what its parts would not have."""
    alone = [line for part in parts for line in subject.observe(part, script).log]
    for together in (gather(*parts), race(*parts)):
        assert is_within(subject.observe(together, script, seed=seed).log, alone)


@law(14, is_native=True, calls=st.integers(0, 6), steps=st.integers(1, 6))
def an_agent_with_fewer_steps_calls_no_more(subject: Subject, calls: int, steps: int) -> None:
    """`max_steps` ends an agent; what it called, it would have called without."""
    free, cut = (written_by(subject, calls, each) for each in (calls + 1, steps))
    assert free == (("answer", "done"), [f"line {index}" for index in range(calls)])
    assert cut[1] == free[1][: len(cut[1])]
    if steps > calls:
        assert cut == free
    else:
        assert cut[0][0] == LimitReached.__name__
        assert len(cut[1]) <= steps


def written_by(subject: Subject, calls: int, steps: int) -> tuple[tuple[str, Any], list[str]]:
    """Return how an agent ended that wants to write so often and may take so many steps."""
    agent = define_specialist(name="writer", model="any", prompt="Write.", tools=[write_line], max_steps=steps)
    script = [*(Calls(write_line, line=f"line {index}") for index in range(calls)), "done"]
    WRITES.clear()
    outcome = outcome_of(lambda: subject.native(script=script).run(CallAgent(agent, "go")).value)
    return outcome, list(WRITES)
