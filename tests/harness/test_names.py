"""Names that callers give a run, and ids that they ask for: what is none is told by its option."""

import asyncio
from typing import Any

import pytest

from flowai_harness import SpecError, TestingConfig, create_runtime
from tests.harness.desk import desk

OPTIONS = ("thread_id", "principal", "request_id")


def runtime_of() -> Any:
    return create_runtime(desk(), testing=TestingConfig(mock_response="hello"))


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("given", [5, "", " ", "half \ud800"])
def test_a_name_of_a_run_is_a_text(option: str, given: Any) -> None:
    runtime = runtime_of()
    with pytest.raises(SpecError, match=f"`{option}` is"):
        runtime.blocking.query("hi", **{"thread_id": "t", option: given})
    assert runtime.blocking.query("hi", thread_id="t").output == "hello"


def test_every_wrong_name_is_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        runtime_of().run_specialist("clerk", "hi", **dict.fromkeys(OPTIONS, 5))
    assert [fault.message for fault in caught.value.faults] == [f"`{option}` is 5" for option in OPTIONS]


@pytest.mark.parametrize("given", [5, None])
@pytest.mark.parametrize(
    ("verb", "option"),
    [
        ("plan", "plan_id"),
        ("undo", "plan_id"),
        ("resume", "run_id"),
        ("events", "run_id"),
        ("recording", "run_id"),
        ("verify", "run_id"),
        ("erase_thread", "thread_id"),
    ],
)
def test_an_id_that_is_no_text_is_told_by_its_name(verb: str, option: str, given: Any) -> None:
    with pytest.raises(SpecError, match=f"`{option}` is {given}"):
        getattr(runtime_of(), verb)(given)


def test_approvals_are_asked_for_by_text_too() -> None:
    runtime = runtime_of()
    given: Any = None
    with pytest.raises(SpecError, match="`approval_id` is None"):
        asyncio.run(runtime.respond_to_approval(given, "approve"))
    for listing in (runtime.pending_approvals, runtime.blocking.pending_approvals, runtime.runs):
        with pytest.raises(SpecError, match="`thread_id` is 5"):
            listing(thread_id=5)
