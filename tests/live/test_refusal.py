"""What may be asked: unknown names, missing keys, and tests that would ask the real world."""

import os
from pathlib import Path
from typing import Any

import pytest

from flowai import CallModel, Do, Models, catch, program, pure
from flowai.cli import main
from flowai.errors import EffectFailed, LiveCallRefused, SpecError
from flowai.interpreters import Live
from flowai_harness import create_runtime, define_runtime, define_specialist, define_tenant
from tests.live.server import Reply, serving


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.endswith(("_API_KEY", "_BASE_URL")) or name == "FLOWAI_LIVE_IN_TESTS":
            monkeypatch.delenv(name)


def agents(*models: str) -> Any:
    made = [
        define_specialist(name=f"agent_{number}", model=model, prompt="x") for number, model in enumerate(models, 1)
    ]
    return define_runtime(tenant=define_tenant("acme", "v1"), agents=made)


def test_a_test_may_not_ask_the_real_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-1")
    error = Live().run(CallModel("claude-x", prompt="x")).result.failure()
    assert isinstance(error, LiveCallRefused)
    assert 'Live(allow_in_tests=["anthropic"])' in str(error.hint)
    assert "FLOWAI_LIVE_IN_TESTS=anthropic" in str(error.hint)


@program
def hopeful() -> Do[Models, str]:
    return (yield from catch(CallModel("claude-x", prompt="x"), lambda _: pure("nothing"), on=EffectFailed))


def test_no_program_takes_a_refusal_for_a_failure_of_the_world() -> None:
    assert isinstance(Live().run(hopeful()).result.failure(), LiveCallRefused)


def test_a_fallback_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    busy = Reply(status=529, error={"error": {"type": "overloaded_error", "message": "busy"}})
    with serving(lambda _: busy) as server:
        live = Live(providers={"anthropic": {"baseUrl": server.url, "maxRetries": 0}})
        run = live.run(CallModel("claude-x", prompt="x", settings={"fallback": ["gpt-5"]}))
    assert isinstance(run.result.failure(), LiveCallRefused)


@pytest.mark.parametrize(
    ("model", "near"),
    [
        ("cluade-haiku-4-5", "claude-haiku-4-5"),
        ("antropic:claude-x", "anthropic"),
        ("llama3.2", "anthropic:llama3.2"),
        ("anthropic:", "anthropic:MODEL"),
    ],
)
def test_an_unknown_model_is_a_spec_error_with_the_nearest_name(model: str, near: str) -> None:
    error = Live().run(CallModel(model, prompt="x")).result.failure()
    assert isinstance(error, SpecError)
    assert near in str(error)
    with pytest.raises(SpecError, match=near):
        create_runtime(agents(model), interpreter="live")


@pytest.mark.parametrize("make", ["live", "runtime"])
def test_an_unknown_provider_is_a_spec_error_with_the_nearest_name(make: str) -> None:
    given: Any = {"antropic": {"apiKey": "sk-1"}, "mine": {"baseUrl": "http://127.0.0.1:1", "api": "chatt"}}
    with pytest.raises(SpecError) as caught:
        _ = Live(providers=given) if make == "live" else runtime_of(given)
    assert len(caught.value.faults) == 2
    assert "`anthropic`" in str(caught.value)
    assert "`chat`" in str(caught.value)


def runtime_of(providers: Any) -> Any:
    agent = define_specialist(name="greeter", model="claude-x", prompt="x")
    return define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent], providers=providers)


def test_a_live_runtime_lists_all_that_is_missing() -> None:
    with pytest.raises(SpecError) as caught:
        create_runtime(agents("claude-x", "gpt-5", "gtp-5", "azure:gpt-5", "ollama:qwen3"), interpreter="live")
    told = {fault.where: str(fault) for fault in caught.value.faults}
    assert sorted(told) == ["agent `agent_1`", "agent `agent_2`", "agent `agent_3`", "agent `agent_4`"]
    assert "ANTHROPIC_API_KEY" in told["agent `agent_1`"]
    assert "OPENAI_API_KEY" in told["agent `agent_2`"]
    assert "gpt-" in told["agent `agent_3`"]
    assert "no address" in told["agent `agent_4`"]


def test_an_unknown_setting_of_an_agent_is_found_when_it_is_made() -> None:
    agent = define_specialist(name="greeter", model="ollama:x", prompt="x", settings={"temprature": 0})
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent])
    with pytest.raises(SpecError, match="temprature"):
        create_runtime(spec, interpreter="live")


def _echo(call: CallModel[Any]) -> str:
    said = [message["text"] for message in call.messages or ()]
    return f"{call.model}: {said[-1]}"


def test_a_gateway_of_ones_own_needs_no_provider() -> None:
    live = Live().handling(CallModel, _echo)
    assert (
        create_runtime(agents("house-model"), interpreter=live).blocking.run_specialist("agent_1", "hello").output
        == "house-model: hello"
    )


def test_the_command_says_what_a_live_run_would_miss(
    tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop_app.py").write_text(
        "from flowai_harness import *\n"
        'agent = define_specialist(name="greeter", model="gpt-5", prompt="x")\n'
        'spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent])\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["check", "--app", "shop_app:spec"]) == 0
    assert "OPENAI_API_KEY" in capsys.readouterr().out


def test_who_is_allowed_in_tests_is_a_provider() -> None:
    error = Live(allow_in_tests=["antropic"]).run(CallModel("ollama:x", prompt="x")).result.failure()
    assert isinstance(error, SpecError)
    assert "`anthropic`" in str(error)
