"""Law 9: a program asks what it declares, and somebody answers."""

from __future__ import annotations

from typing import Any, Never, cast

from flowai.effects import DrawId, DrawNumber, ReadClock, Sleep
from flowai.effects.read_clock import EPOCH
from flowai.errors import ProgramError, UndeclaredEffect, UnhandledEffect
from flowai.laws.law import Observation, Subject, law, outcome_of
from flowai.laws.samples import GiveNumber, GiveText, MakeNote, give
from flowai.programs import Do, Program, ensure, gather, program


@program
def secretive(name: str) -> Do[GiveText, int]:
    """Ask what the row does not declare; a type checker would refuse this without the cast."""
    hidden = cast("GiveText", GiveNumber(name))
    answer: Any = yield from hidden
    return cast("int", answer)


@program
def secretive_caller(name: str) -> Do[GiveText, int]:
    """Hide it in a sub-program."""
    return (yield from cast("Program[GiveText, int]", give(name)))


@program
def silent() -> Do[Never, Any]:
    """Return a question that nobody asked."""
    yield from cast("Any", ())
    return GiveNumber("a")


@program
def silent_caller() -> Do[Never, Any]:
    """Return a program that nobody ran."""
    yield from cast("Any", ())
    return give("a")


@law(9)
def an_effect_without_a_handler_is_an_error_that_names_it(subject: Subject) -> None:
    """Nothing is answered silently."""
    kind, said = outcome_of(lambda: subject.interpreter().run(give("a")).value)
    assert kind == UnhandledEffect.__name__
    assert "GiveNumber" in said[0]


@law(9)
def a_handler_comes_before_the_interpreter(subject: Subject) -> None:
    """Clock and chance can be answered by the user too, and are then asked of nobody else."""
    served = subject.interpreter()
    for effect, answer in ((Sleep(3_600), None), (DrawNumber(1, 6), 7), (DrawId(), "id"), (ReadClock(), EPOCH)):
        asked: list[Any] = []

        def answered(effect: Any, asked: list[Any] = asked, answer: Any = answer) -> Any:
            asked.append(effect)
            return answer

        assert served.handling(type(effect), answered).run(effect).value == answer
        assert asked == [effect]


@law(9)
def an_undeclared_effect_is_an_error_that_names_it(subject: Subject) -> None:
    """A row holds for what the function asks and for every sub-program it runs; nothing is performed."""
    for wrong in (secretive("a"), secretive_caller("a"), gather(secretive("a"))):
        seen = subject.observe(wrong, {"a": 1})
        assert seen.outcome[0] == UndeclaredEffect.__name__
        assert "GiveNumber" in seen.outcome[1][0]
        assert seen.log == ()


@law(9)
def a_row_holds_no_longer_than_its_function(subject: Subject) -> None:
    """What is around a program function is not bound by its row."""
    program = ensure(give("a").bind(lambda _: GiveText("b")), MakeNote("c"))
    assert subject.observe(program, {"a": 1}) == Observation(("answer", "b"), ("a", "b", "c"))


@law(9)
def an_answer_fits_its_declared_type(subject: Subject) -> None:
    """What a handler gives is checked by the type that the effect declares."""
    served = subject.interpreter().handling(GiveNumber, lambda _: ["no number"])
    kind, _ = outcome_of(lambda: served.run(give("a")).value)
    assert kind != "answer"


@law(9)
def an_unasked_question_is_an_error(subject: Subject) -> None:
    """A program that returns an effect or a program has forgotten a `yield from`."""
    for forgotten in (silent(), silent_caller()):
        assert subject.observe(forgotten).outcome[0] == ProgramError.__name__
