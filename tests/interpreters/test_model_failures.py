"""Failures of models: each kind is a class, scripted and caught as one, with what is known of it."""

from typing import Any

import pytest

from flowai import CallModel, Do, Models, catch, fallback, program, pure, retry
from flowai.errors import (
    AnswerTruncated,
    AuthenticationFailed,
    ConnectionFailed,
    ContentRefused,
    ContextTooLong,
    ModelFailed,
    ModelNotFound,
    ModelTimedOut,
    ModelUnavailable,
    OutputInvalid,
    Overloaded,
    PermissionDenied,
    RateLimited,
    RequestInvalid,
    ServerFailed,
    StreamMalformed,
)
from flowai.interpreters import Eval, Test
from flowai_harness import Fails, Says

KINDS: list[type[ModelFailed]] = [
    AnswerTruncated,
    AuthenticationFailed,
    ConnectionFailed,
    ContentRefused,
    ContextTooLong,
    ModelFailed,
    ModelNotFound,
    ModelTimedOut,
    ModelUnavailable,
    OutputInvalid,
    Overloaded,
    PermissionDenied,
    RateLimited,
    RequestInvalid,
    ServerFailed,
    StreamMalformed,
]
ASK = CallModel("m", prompt="x")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["script", "faults"])
def test_a_failure_keeps_its_class_and_what_is_known(kind: type[ModelFailed], how: str) -> None:
    error = kind("broke", hint="wait", provider="anthropic", model="m", status=529, code="x", attempts=3, partial="he")
    test = Test(script=[Fails(error)]) if how == "script" else Test(script=[], faults={"CallModel": error})
    recorded = Eval(test).run(ASK)
    replayed = Eval(test).replay(recorded.recording).run(ASK)
    for run in (recorded, replayed):
        failure = run.result.failure()
        assert type(failure) is kind
        assert (failure.message, failure.hint) == ("broke", "wait")
        assert failure.known() == error.known()


def test_how_long_to_wait_is_known_of_what_is_unavailable() -> None:
    failure = Test(script=[Fails(RateLimited("slow down", retry_after_ms=250))]).run(ASK).result.failure()
    assert isinstance(failure, ModelUnavailable)
    assert failure.retry_after_ms == 250


def test_what_is_no_attribute_is_refused() -> None:
    with pytest.raises(TypeError, match="`RateLimited` knows no `provder`"):
        RateLimited("slow down", provder="anthropic")


@program
def careful() -> Do[Models, str]:
    patient = retry(ASK, attempts=2, on=RateLimited)
    elsewhere = fallback(patient, CallModel("other", prompt="x"))
    return (yield from catch(elsewhere, lambda error: pure(f"{error.code}"), on=ContentRefused))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([Fails(RateLimited("slow")), Says("again")], "again"),
        ([Fails(RateLimited("slow")), Fails(RateLimited("slow")), Says("other")], "other"),
        ([Fails(Overloaded("busy")), Fails(ContentRefused("no", code="policy"))], "policy"),
    ],
)
def test_programs_take_failures_by_class(script: Any, said: str) -> None:
    assert Test(script=script).run(careful()).value == said
