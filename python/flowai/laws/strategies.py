"""Hypothesis strategies for programs whose outcome no schedule may change.

Two things would let a schedule decide: branches of a race that end at the same instant, and two
failing branches of a gather. Races therefore sleep for distinct whole seconds first, timeouts end on
half seconds, and at most one branch of a gather can fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from hypothesis import strategies as st

from flowai.effects import Sleep
from flowai.laws.samples import (
    GiveNumber,
    MakeNote,
    Plus,
    SampleFailed,
    Then,
    give,
    in_turn,
    noted,
    nothing,
    recovered,
    wrapped,
)
from flowai.programs import (
    Program,
    asked,
    catch,
    ensure,
    fail,
    fallback,
    for_each,
    gather,
    pure,
    race,
    retry,
    timeout,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Numbered: TypeAlias = Program[Any, int]
NAMES = ("a", "b", "c", "d")
BAD_NAMES = ("bad", "worse")


def names(*, failing: bool = True) -> SearchStrategy[str]:
    """Draw the name of a number; a failing one is not in any script."""
    return st.sampled_from(NAMES + BAD_NAMES if failing else NAMES)


def scripts() -> SearchStrategy[dict[str, int]]:
    """Draw what the world answers."""
    return st.fixed_dictionaries({name: st.integers(-99, 99) for name in NAMES})


def failures() -> SearchStrategy[dict[str, int]]:
    """Draw how often each name fails before it answers."""
    return st.dictionaries(st.sampled_from(NAMES), st.integers(0, 4))


def delays(count: int) -> SearchStrategy[list[int]]:
    """Draw distinct whole seconds."""
    return st.lists(st.integers(1, 50), min_size=count, max_size=count, unique=True)


def schedules() -> SearchStrategy[int]:
    """Draw the seed of a schedule."""
    return st.integers(0, 2**16)


def leaves(*, failing: bool = True, sleeping: bool = True) -> SearchStrategy[Numbered]:
    """Draw programs of at most one effect."""
    drawn: list[SearchStrategy[Numbered]] = [
        st.integers(-99, 99).map(pure),
        names(failing=failing).map(GiveNumber).map(asked),
        names(failing=failing).map(give),
    ]
    if failing:
        drawn.append(st.just(fail(SampleFailed("on purpose"))))
    if sleeping:
        drawn.append(st.integers(0, 5).map(Sleep).map(nothing))
    return st.one_of(drawn)


def programs(*, failing: bool = True, sleeping: bool = True, parallel: bool = True) -> SearchStrategy[Numbered]:
    """Draw programs that answer with a number.

    Args:
        failing: Whether they may fail.
        sleeping: Whether they may take time.
        parallel: Whether parts may run side by side.
    """
    leaf = leaves(failing=failing, sleeping=sleeping)

    def grown(inner: SearchStrategy[Numbered]) -> SearchStrategy[Numbered]:
        # A timeout is a way to fail.
        drawn = in_sequence(inner, limited=sleeping and failing)
        return st.one_of(drawn, side_by_side(inner, sleeping=sleeping)) if parallel else drawn

    return st.recursive(leaf, grown, max_leaves=8)


def in_sequence(inner: SearchStrategy[Numbered], *, limited: bool) -> SearchStrategy[Numbered]:
    """Draw programs that run parts one after the other."""
    drawn: list[SearchStrategy[Numbered]] = [
        st.builds(Program[Any, int].bind, inner, inner.map(Then)),
        st.builds(Program[Any, int].map, inner, st.integers(-9, 9).map(Plus)),
        st.builds(in_turn, inner, inner),
        st.builds(noted, st.just("note"), inner),
        inner.map(wrapped),
        st.builds(catch, inner, st.just(recovered), st.sampled_from([Exception, SampleFailed, KeyError])),
        st.builds(fallback, inner, inner),
        st.builds(_retried, inner, st.integers(1, 3)),
        st.builds(ensure, inner, st.just(MakeNote("cleanup"))),
    ]
    if limited:
        drawn.append(st.builds(_limited, inner, st.integers(0, 9)))
    return st.one_of(drawn)


def side_by_side(inner: SearchStrategy[Numbered], *, sleeping: bool) -> SearchStrategy[Numbered]:
    """Draw programs that run parts side by side."""
    safe = programs(failing=False, sleeping=sleeping, parallel=False)
    drawn: list[SearchStrategy[Numbered]] = [
        st.builds(_gathered, inner, st.lists(safe, max_size=2), st.integers(0, 2)),
        st.builds(
            _given,
            st.lists(names(failing=False), max_size=4),
            st.none() | st.integers(1, 4),
        ),
    ]
    if sleeping:
        quick = programs(sleeping=False, parallel=False)
        drawn.append(st.builds(_raced, st.lists(quick, min_size=2, max_size=3), delays(3)))
    return st.one_of(drawn)


def _retried(part: Numbered, attempts: int) -> Numbered:
    return retry(part, attempts=attempts)


def _limited(part: Numbered, seconds: int) -> Numbered:
    return timeout(part, seconds + 0.5)


def _given(items: list[str], limit: int | None) -> Numbered:
    return for_each(items, give, limit=limit).map(sum)


def _gathered(part: Numbered, safe: list[Numbered], place: int) -> Numbered:
    return gather(*safe[:place], part, *safe[place:]).map(sum)


def _raced(parts: list[Numbered], seconds: list[int]) -> Numbered:
    return race(*(in_turn(nothing(Sleep(wait)), part) for part, wait in zip(parts, seconds, strict=False)))
