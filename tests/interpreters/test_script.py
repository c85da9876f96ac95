"""Scripts are strict: what nobody scripted, used or answered is an error that shows the nearest."""

from typing import Any

import pytest

from flowai import CallModel, Do, Models, gather, program
from flowai.errors import ModelFailed, ModelUnavailable, ScriptMismatch
from flowai.interpreters import Test
from flowai_harness import (
    Answers,
    Approve,
    Calls,
    Fails,
    Reject,
    Says,
    SpecError,
    TestingConfig,
    Thinks,
    create_runtime,
)
from tests.harness.desk import Rows, asked, clerk_runtime, desk, of

UNWRITABLE: list[tuple[Any, str]] = [
    ([1, object()], "$.row[1]"),
    ({"a": [float("nan")]}, "$.row.a[0]"),
    (lambda _: [{"b": object()}], "$.row[0].b"),  # pyright: ignore[reportUnknownLambdaType]
]


@pytest.mark.parametrize(("given", "place"), UNWRITABLE)
def test_a_scripted_argument_that_is_no_json_is_named_by_its_place(given: Any, place: str) -> None:
    runtime = clerk_runtime(Calls("read_row", row=given), Says("done"))
    with pytest.raises(ScriptMismatch, match="a scripted turn raised ValueNotJson") as caught:
        runtime.blocking.run_specialist("clerk", "go")
    assert f"`{place}`" in str(caught.value)


@program
def ask(times: int) -> Do[Models, list[str]]:
    said: list[str] = []
    for number in range(times):
        answer = yield from CallModel("m", prompt=str(number))
        said += [answer]
    return said


def test_each_step_is_used_once_and_in_order() -> None:
    assert Test(script=["a", Says("b")]).run(ask(2)).value == ["a", "b"]


def test_a_call_that_nobody_scripted_is_an_error() -> None:
    with pytest.raises(ScriptMismatch, match="nobody scripted a model call"):
        _ = Test(script=["a"]).run(ask(2)).value


def test_a_step_that_nobody_used_is_an_error_that_shows_it() -> None:
    with pytest.raises(ScriptMismatch, match="not used") as caught:
        _ = Test(script=["a", "the second"]).run(ask(1)).value
    assert "the second" in str(caught.value)


def test_a_step_for_another_agent_is_shown_as_the_nearest() -> None:
    runtime = create_runtime(desk(), Rows(), testing=TestingConfig(script={"clerk": [Says("mine")]}))
    with pytest.raises(ScriptMismatch, match="`desk`") as caught:
        runtime.blocking.query("go", thread_id="t")
    assert "clerk" in str(caught.value)
    assert "mine" in str(caught.value)


def test_an_approval_that_nobody_answers_is_an_error() -> None:
    run = asked(clerk_runtime(Calls("delete_row", row=1), Says("x"), decisions=[]))
    with pytest.raises(ScriptMismatch, match="nobody answers the approval"):
        _ = run.value
    assert of(run, "tool_called") == []


def test_a_decision_that_nobody_asked_for_is_an_error() -> None:
    run = asked(clerk_runtime(Says("x"), decisions=[Approve()]))
    with pytest.raises(ScriptMismatch, match="decisions were not used"):
        _ = run.value


def test_decisions_are_given_in_the_order_in_which_they_are_asked() -> None:
    rows = Rows()
    both = Calls("delete_row", row=1) + Calls("delete_row", row=2)
    asked(clerk_runtime(both, Says("x"), decisions=[Reject("no"), Approve()], services=rows))
    assert rows.done == ["deleted 2"]


def test_a_decision_in_a_script_is_checked_as_a_humans_is() -> None:
    rows = Rows()
    decisions = [Approve(edits={"row": "x"})]
    run = asked(clerk_runtime(Calls("delete_row", row=1), Says("x"), decisions=decisions, services=rows))
    assert rows.done == []
    assert of(run, "tool_called") == []


def test_parallel_branches_need_to_say_whose_step_it_is() -> None:
    with pytest.raises(ScriptMismatch, match="parallel branches"):
        _ = Test(script=["a", "b"]).run(gather(ask(1), ask(1))).value


def test_thinking_and_usage_are_told() -> None:
    steps = [Thinks("hm", usage={"output_tokens": 3}) + Says("done", usage={"input_tokens": 5})]
    run = asked(clerk_runtime(*steps))
    [answered] = of(run, "model_answered")
    assert (answered.thinking, answered.text) == ("hm", "done")
    assert (answered.usage.input_tokens, answered.usage.output_tokens) == (5, 3)
    assert of(run, "usage_updated")[-1].run.input_tokens == 5


def test_a_delay_takes_virtual_time() -> None:
    run = asked(clerk_runtime(Says("later", delay_ms=86_400_000)))
    [called], [answered] = of(run, "model_called"), of(run, "model_answered")
    assert answered.at - called.at == 86_400_000


@pytest.mark.parametrize(
    ("error", "kind"), [("broke", ModelFailed), (ModelUnavailable("overloaded"), ModelUnavailable)]
)
def test_a_model_may_fail(error: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"broke|overloaded"):
        _ = Test(script=[Fails(error)]).run(ask(1)).value


def test_a_scripted_function_that_raises_names_the_script() -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError("no")

    with pytest.raises(ScriptMismatch, match="ZeroDivisionError"):
        _ = asked(clerk_runtime(Calls("read_row", row=broken))).value


def test_what_was_not_seen_yet_is_an_error() -> None:
    step = Calls("read_row", row=lambda seen: seen.ref("Nothing"))
    with pytest.raises(ScriptMismatch, match="Nothing"):
        _ = asked(clerk_runtime(step)).value


def test_an_answer_may_be_typed() -> None:
    assert Test(script=[Answers({"a": 1})]).run(CallModel("m", prompt="x", output=dict[str, int])).value == {"a": 1}


def test_a_flat_script_starts_anew_with_each_query() -> None:
    runtime = clerk_runtime(Says("same"))
    assert [runtime.blocking.run_specialist("clerk", "go").output for _ in range(3)] == ["same"] * 3


@pytest.mark.parametrize("script", [[["one"], ["two", "three"]], {"clerk": [["one"], [Says("two"), "three"]]}])
def test_a_list_of_lists_gives_each_query_its_own(script: Any) -> None:
    runtime = create_runtime(desk(), Rows(), testing=TestingConfig(script=script))
    assert runtime.blocking.run_specialist("clerk", "go").output == "one"
    with pytest.raises(ScriptMismatch, match="three"):
        runtime.blocking.run_specialist("clerk", "go")
    with pytest.raises(ScriptMismatch, match="nobody scripted"):
        runtime.blocking.run_specialist("clerk", "go")


def test_decisions_may_be_given_for_each_query_too() -> None:
    rows = Rows()
    testing = TestingConfig(
        script={"clerk": [Calls("delete_row", row=1), Says("x")]}, decisions=[[Reject("no")], ["approve"]]
    )
    runtime = create_runtime(desk(), rows, testing=testing)
    for _ in range(2):
        runtime.blocking.run_specialist("clerk", "go")
    assert rows.done == ["deleted 1"]


@pytest.mark.parametrize("script", [[["one"], [3]], {"clerk": [["one"], "two"]}, [["one"], Says("x")]])
def test_a_nested_script_is_checked(script: Any) -> None:
    with pytest.raises(SpecError):
        TestingConfig(script=script)
