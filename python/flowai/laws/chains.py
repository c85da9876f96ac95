"""Laws 1 and 2: programs are a monad, and a generator is a chain of binds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flowai.laws.law import Observation, Subject, law
from flowai.laws.samples import Plus, Then, in_turn, noted, wrapped
from flowai.laws.strategies import Numbered, programs, scripts
from flowai.programs import pure

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBERS = st.integers(-99, 99)
SEQUENTIAL = programs(parallel=False)


@law(1, value=NUMBERS)
def pure_answers_and_asks_nothing(subject: Subject, value: int) -> None:
    """`run(pure(x)).value == x`, with no effect asked."""
    assert subject.observe(pure(value)) == Observation(("answer", value), ())


@law(1, value=NUMBERS, then=SEQUENTIAL.map(Then), script=scripts())
def binding_pure_is_calling(subject: Subject, value: int, then: Then, script: Mapping[str, int]) -> None:
    """Left identity."""
    assert subject.observe(pure(value).bind(then), script) == subject.observe(then(value), script)


@law(1, program=SEQUENTIAL, script=scripts())
def binding_to_pure_changes_nothing(subject: Subject, program: Numbered, script: Mapping[str, int]) -> None:
    """Right identity."""
    assert subject.observe(program.bind(pure), script) == subject.observe(program, script)


@law(1, program=SEQUENTIAL, first=SEQUENTIAL.map(Then), second=SEQUENTIAL.map(Then), script=scripts())
def binds_may_be_regrouped(
    subject: Subject, program: Numbered, first: Then, second: Then, script: Mapping[str, int]
) -> None:
    """Associativity."""
    left = program.bind(first).bind(second)
    right = program.bind(lambda value: first(value).bind(second))
    assert subject.observe(left, script) == subject.observe(right, script)


@law(1, program=SEQUENTIAL, first=NUMBERS.map(Plus), second=NUMBERS.map(Plus), script=scripts())
def maps_compose(subject: Subject, program: Numbered, first: Plus, second: Plus, script: Mapping[str, int]) -> None:
    """The functor laws; identity is the case of two zeros."""
    twice = subject.observe(program.map(first).map(second), script)
    assert twice == subject.observe(program.map(lambda value: second(first(value))), script)
    assert subject.observe(program.map(Plus(0)), script) == subject.observe(program, script)


@law(2, first=SEQUENTIAL, second=SEQUENTIAL, script=scripts())
def a_generator_is_a_chain_of_binds(
    subject: Subject, first: Numbered, second: Numbered, script: Mapping[str, int]
) -> None:
    """The generator form equals the bind form."""
    chain = first.bind(lambda left: second.map(lambda right: left + right))
    assert subject.observe(in_turn(first, second), script) == subject.observe(chain, script)


@law(2, program=SEQUENTIAL, script=scripts())
def a_sub_program_is_its_inlining(subject: Subject, program: Numbered, script: Mapping[str, int]) -> None:
    """Yielding a sub-program equals running it."""
    plain: Any = subject.observe(program, script)
    assert subject.observe(wrapped(wrapped(program)), script) == plain
    assert subject.observe(noted("x", program), script) == plain._replace(log=("x", *plain.log))
