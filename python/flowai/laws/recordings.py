"""Law 11: recording changes nothing, and a recording is the run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flowai.effects import CallTool, DrawId, DrawNumber, ReadClock
from flowai.errors import ReplayMismatch
from flowai.interpreters import Eval, Recording
from flowai.laws.agreement import told
from flowai.laws.gate import Gatekeeper
from flowai.laws.law import Subject, law, outcome_of
from flowai.laws.pieces import PIECES, gated, together
from flowai.laws.samples import GiveNumber, World, give, in_turn, noted, nothing
from flowai.laws.strategies import Numbered, failures, names, programs, schedules, scripts
from flowai.laws.tools import WRITES, write, write_line
from flowai.programs import asked, pure
from flowai.specs.decision import Approve

if TYPE_CHECKING:
    from collections.abc import Mapping

CHANCE: st.SearchStrategy[Numbered] = st.sampled_from([DrawNumber(0, 10**9), DrawId(), ReadClock()]).map(nothing)
MIXED = st.one_of(
    programs(), st.builds(in_turn, CHANCE, programs()), st.builds(in_turn, programs(), st.just(write("x")))
)
"""Programs that ask chance, the clock, tools and the world."""


class Untouched(World):
    """A world that must not be asked."""

    def give_number(self, effect: GiveNumber) -> int:
        """Object."""
        raise AssertionError(f"a replay asked the world for `{effect.name}`")


@law(11, is_native=True, is_timed=True, program=programs(), script=scripts(), seed=schedules())
def recording_is_transparent(subject: Subject, program: Numbered, script: Mapping[str, int], seed: int) -> None:
    """The same events, whether it is recorded or not."""
    plain, recorded = subject.native(seed), Eval(subject.native(seed))
    assert told(World(script).served(recorded).run(program)) == told(World(script).served(plain).run(program))


@law(11, is_native=True, is_timed=True, program=MIXED, script=scripts(), fails=failures(), seed=schedules())
def a_replay_is_the_run_again(
    subject: Subject, program: Numbered, script: Mapping[str, int], fails: Mapping[str, int], seed: int
) -> None:
    """`replay(record(p)) == record(p)`: outcome, events and recording, without touching the world."""
    first = World(script, dict(fails)).served(subject.native(seed)).run(program)
    WRITES.clear()
    kept = Recording.from_json(first.recording.to_json())
    again = Untouched({}).served(Eval(subject.native()).replay(kept)).run(program)
    assert told(again) == told(first)
    assert again.recording == kept
    assert WRITES == []


@law(11, is_native=True, is_timed=True, program=MIXED, script=scripts(), share=st.floats(0, 1))
def a_prefix_and_its_continuation_are_the_whole(
    subject: Subject, program: Numbered, script: Mapping[str, int], share: float
) -> None:
    """A run that is replayed up to anywhere, and goes on from there, is the run."""
    WRITES.clear()
    first = World(script).served(subject.native()).run(program)
    whole = first.recording
    WRITES.clear()
    prefix = whole.until(round(share * len(whole)))
    rest = Eval(subject.native()).replay(prefix, goes_on=True)
    again = World(script).served(rest).run(program)
    assert outcome_of(lambda: again.value)[0] == outcome_of(lambda: first.value)[0]
    assert shape(again.recording)[: len(prefix)] == shape(prefix)
    assert sorted(shape(again.recording)) == sorted(shape(whole))


@law(11, is_native=True, is_timed=True, pieces=PIECES, at_once=st.booleans(), seed=schedules())
def wherever_it_is_cut_the_whole_comes_of_it(subject: Subject, pieces: list[Any], *, at_once: bool, seed: int) -> None:
    """At every cut the store stands as it stood, and each approval is asked again whose call is not done."""
    whole_program, decisions = together(pieces, at_once=at_once), [Approve()] * gated(pieces)
    WRITES.clear()
    first = subject.native(seed, decisions=decisions).run(whole_program)
    whole, written = first.recording, sorted(WRITES)
    assert len(written) == len(decisions)
    for count in range(len(whole) + 1):
        prefix = whole.until(count)
        WRITES.clear()
        inner = subject.native(seed, decisions=decisions[standing(prefix) :])
        again = Eval(inner).replay(prefix, goes_on=True).run(whole_program)
        assert again.value == first.value
        assert len(WRITES) == len(written) - standing(prefix)
        assert sorted(shape(again.recording)) == sorted(shape(whole))
        Gatekeeper().read(again.events)


def standing(prefix: Recording) -> int:
    """Count the approvals whose calls are answered."""
    return sum(entry["record"] == "answered" and entry["effect"] == "CallTool" for entry in prefix)


@law(11, is_native=True, before=st.lists(names(failing=False), max_size=3), script=scripts(), more=st.booleans())
def a_changed_program_stops_at_the_first_difference(
    subject: Subject, before: list[str], script: Mapping[str, int], *, more: bool
) -> None:
    """The error shows what the recording has there and what was asked; the world is not asked."""
    recorded = World(script).served(subject.native()).run(asking([*before, "a", "b"])).recording
    changed = noted("later", asking(["c"])) if more else asking(["c"])
    replaying = Untouched({}).served(Eval(subject.native()).replay(recorded))
    error = mismatch_of(replaying.run(in_turn(asking(before), changed)))
    assert error.position is not None
    assert error.position in str(error)
    assert shown(error.recorded) == ("GiveNumber", {"name": "a"})
    assert shown(error.asked) == (("MakeNote", {"line": "later"}) if more else ("GiveNumber", {"name": "c"}))
    assert error.diff


@law(11, is_native=True, names_=st.lists(names(failing=False), min_size=1, max_size=4), script=scripts())
def a_program_that_asks_less_or_more_is_changed_too(
    subject: Subject, names_: list[str], script: Mapping[str, int]
) -> None:
    """A replay that ends early, or goes on, is no replay."""
    recorded = World(script).served(subject.native()).run(asking(names_)).recording
    replaying = Untouched({}).served(Eval(subject.native()).replay(recorded))
    less = mismatch_of(replaying.run(asking(names_[:-1])))
    assert less.asked is None
    assert shown(less.recorded) == ("GiveNumber", {"name": names_[-1]})
    more = mismatch_of(replaying.run(asking([*names_, "d"])))
    assert more.recorded is None
    assert shown(more.asked) == ("GiveNumber", {"name": "d"})


@law(11, is_native=True)
def another_argument_of_a_tool_is_a_difference(subject: Subject) -> None:
    """A replayed call answers what was asked when it was recorded, and nothing else."""
    recorded = subject.native().run(write("x")).recording
    WRITES.clear()
    error = mismatch_of(Eval(subject.native()).replay(recorded).run(CallTool(write_line, "y")))
    assert "/arguments" in str(error.diff)
    assert WRITES == []


def asking(names_: list[str]) -> Numbered:
    """Return the program that asks for one number after the other."""
    made: Any = nothing(give(names_[0])) if names_ else in_turn(nothing_at_all(), nothing_at_all())
    for name in names_[1:]:
        made = in_turn(made, give(name))
    return asked(made)


def nothing_at_all() -> Numbered:
    """Return the program that asks nothing."""
    return pure(0)


def mismatch_of(run: Any) -> ReplayMismatch:
    """Return the error of a replay that stopped."""
    try:
        value = run.value
    except ReplayMismatch as error:
        return error
    raise AssertionError(f"the replay of another program answered {value!r}")


def shown(side: Any) -> tuple[str, Any]:
    """Return one side of a difference."""
    return side["effect"], side["arguments"]


def shape(recording: Recording) -> list[str]:
    """Return what happened where, without the times, which a continuation may stretch."""
    return [
        f"{entry['record']} {entry['position']} {entry.get('effect')} {entry.get('arguments')}" for entry in recording
    ]
