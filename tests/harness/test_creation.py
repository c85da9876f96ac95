"""Making a runtime: one word says who answers, and what comes later says so."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flowai.errors import LiveCallRefused
from flowai.interpreters import Eval, Live, Test
from flowai_harness import (
    Approve,
    Calls,
    Says,
    SpecError,
    TestingConfig,
    create_runtime,
    define_planner,
    define_runtime,
    define_specialist,
    define_tenant,
)
from tests.harness.desk import Rows, desk, of
from tests.harness.scenario import PLANNED, Shop, announced, dispatcher, play, scenario_plan, script_of


def alone(**options: Any) -> Any:
    agent = define_specialist(name="greeter", model="claude-haiku-4-5", prompt="x", **options)
    providers: Any = {"anthropic": {"apiKey": "unused"}}
    return define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent], providers=providers)


def test_testing_means_the_test_interpreter() -> None:
    runtime = create_runtime(alone(), testing=TestingConfig(mock_response="hello"))
    assert isinstance(runtime.interpreter, Test)
    assert runtime.blocking.run_specialist("greeter", "hi").output == "hello"


@pytest.mark.parametrize(("word", "kind"), [("live", Live), ("test", Test), ("eval", Eval)])
def test_the_environment_chooses_where_nothing_else_does(word: str, kind: type, monkeypatch: Any) -> None:
    monkeypatch.setenv("FLOWAI_INTERPRETER", word)
    assert isinstance(create_runtime(alone()).interpreter, kind)
    testing = TestingConfig(mock_response="x")
    assert isinstance(create_runtime(alone(), testing=testing).interpreter, Test)
    assert isinstance(create_runtime(alone(), interpreter="live").interpreter, Live)


def test_without_a_word_a_runtime_is_live(monkeypatch: Any) -> None:
    monkeypatch.delenv("FLOWAI_INTERPRETER", raising=False)
    assert isinstance(create_runtime(alone()).interpreter, Live)


@pytest.mark.parametrize("word", ["tset", "Live", ""])
def test_an_unknown_word_is_an_error(word: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("FLOWAI_INTERPRETER", "nothing")
    with pytest.raises(SpecError, match="there is no interpreter"):
        create_runtime(alone(), interpreter=word)


def test_a_live_model_is_not_asked_in_a_test() -> None:
    runtime = create_runtime(alone(), interpreter="live")
    run = asyncio.run(_ended(runtime.run_specialist("greeter", "hi")))
    with pytest.raises(LiveCallRefused, match="anthropic"):
        _ = run.value


async def _ended(run: Any) -> Any:
    async for _ in run:
        pass
    return run


def test_a_toolkit_comes_later() -> None:
    planner = define_planner(name="p", model="m", prompt="x", plan=scenario_plan, toolkits=["catalog"])
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[planner])
    with pytest.raises(SpecError, match="`catalog` comes with a later release"):
        create_runtime(spec, testing=TestingConfig(mock_response="x"))


@pytest.mark.parametrize("address", ["sqlite:///:memory:", "sqlite:///runs.db?mode=ro", "sqlite:///file:runs.db"])
def test_an_address_that_other_drivers_read_otherwise_makes_no_file(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match="leave `storage` out"):
        create_runtime(alone(), testing=TestingConfig(mock_response="x"), storage=address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("storage", ["runs.db", "mysql://host/db", "", 3])
def test_an_address_that_is_none_is_refused_with_those_that_are(storage: Any) -> None:
    with pytest.raises(SpecError, match=r"sqlite:///runs\.db"):
        create_runtime(alone(), testing=TestingConfig(mock_response="x"), storage=storage)


def test_memory_may_be_named() -> None:
    runtime = create_runtime(alone(), testing=TestingConfig(mock_response="x"), storage="memory")
    assert runtime.blocking.run_specialist("greeter", "hi").output == "x"


def test_what_is_no_spec_is_refused() -> None:
    wrong: Any = {"agents": []}
    with pytest.raises(SpecError, match="no runtime spec"):
        create_runtime(wrong)


@pytest.mark.parametrize("interpreter", ["live", Test(mock_response="hello")])
def test_two_words_about_who_answers_are_a_contradiction(interpreter: Any) -> None:
    with pytest.raises(SpecError, match="`interpreter` asks somebody else"):
        create_runtime(alone(), interpreter=interpreter, testing=TestingConfig(mock_response="hello"))


def test_what_is_no_testing_config_is_refused() -> None:
    wrong: Any = "hello"
    with pytest.raises(SpecError, match="`testing` is 'hello'"):
        create_runtime(alone(), testing=wrong)


def test_text_as_an_output_type_is_the_answer_in_words() -> None:
    runtime = create_runtime(alone(output=str), testing=TestingConfig(mock_response="hello"))
    assert runtime.blocking.run_specialist("greeter", "hi").output == "hello"


@pytest.mark.parametrize("word", ["test", "eval"])
def test_one_word_chooses_the_interpreter_and_the_events_are_equal_to_the_byte(word: str) -> None:
    def written(interpreter: str) -> list[bytes]:
        spec = announced(dispatched=dispatcher())
        answers = [Approve(edits={0: {"new_price": 7.5}})]
        played = play(spec, TestingConfig(script=script_of(PLANNED)), answers, shop=Shop(), interpreter=interpreter)
        return [event.model_dump_json().encode() for event in played.events]

    assert written(word) == written("test")


def test_an_interpreter_may_be_given_itself() -> None:
    runtime = create_runtime(alone(), interpreter=Test(mock_response="hello"))
    assert runtime.blocking.run_specialist("greeter", "hi").output == "hello"
    replayed = create_runtime(alone(), interpreter=Eval(Test(mock_response="hello")))
    assert replayed.blocking.run_specialist("greeter", "hi").output == "hello"


def test_every_event_prints_as_one_readable_line() -> None:
    played = play(announced(dispatched=dispatcher()), TestingConfig(script=script_of(PLANNED)), ["approve"])
    for event in played.events:
        assert str(event).count("\n") == 0
        assert event.type in str(event)
        assert "  " in str(event)


def test_blocking_mirrors_the_async_verbs() -> None:
    script = {"desk": [Calls("call_agent", agent="clerk", message="go"), Says("done")], "clerk": [Says("ok")]}
    runtime = create_runtime(desk(), Rows(), testing=TestingConfig(script=script))
    run = runtime.blocking.query("hi", thread_id="t")
    assert run.output == "done"
    assert [each.callee for each in of(run, "agent_called")] == ["desk", "clerk"]
    assert runtime.blocking.pending_approvals() == []


def test_blocking_raises_what_ended_the_run() -> None:
    runtime = create_runtime(desk(), Rows(), testing=TestingConfig(script=[]))
    with pytest.raises(Exception, match="nobody scripted"):
        runtime.blocking.query("hi", thread_id="t")


def test_blocking_works_inside_a_running_loop() -> None:
    runtime = create_runtime(alone(), testing=TestingConfig(mock_response="hello"))

    async def whole() -> str:
        return runtime.blocking.run_specialist("greeter", "hi").output

    assert asyncio.run(whole()) == "hello"
