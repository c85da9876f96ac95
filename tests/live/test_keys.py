"""A key is sent to its provider and is found nowhere else."""

import json
import logging
import traceback
from typing import Any

import pytest

from flowai import CallModel
from flowai.errors import AuthenticationFailed, ModelFailed, RateLimited, SpecError
from flowai.interpreters import Live
from flowai_harness import Run, create_runtime, define_runtime, define_specialist, define_tenant
from tests.live.server import Reply, Server, serving

IN_SPEC = "sk-canary-spec-81"
IN_ENVIRONMENT = "sk-canary-env-82"
IN_HEADER = "canary-header-83"
CANARIES = (IN_SPEC, IN_ENVIRONMENT, IN_HEADER)
greeter = define_specialist(name="greeter", model="claude-x", prompt="Greet.")
helper = define_specialist(name="answerer", model="openai-chat:gpt-x", prompt="Answer.")


def runtime_at(server: Server, **options: Any) -> Any:
    providers: Any = {
        "anthropic": {"baseUrl": server.url, "apiKey": IN_SPEC, "headers": {"x-team": IN_HEADER}, **options},
        "openai-chat": {"baseUrl": f"{server.url}/v1", **options},
    }
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[greeter, helper], providers=providers)
    return create_runtime(spec, interpreter="live")


def shown(error: BaseException) -> list[str]:
    return [repr(error), str(error), str(vars(error)), "".join(traceback.format_exception(error))]


def test_the_key_reaches_its_provider_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", IN_ENVIRONMENT)
    caplog.set_level(logging.DEBUG)
    kept: list[str] = []
    with serving([Reply("hello"), Reply("hello")]) as server:
        runtime = runtime_at(server)
        for name in ("greeter", "answerer"):
            run: Run[Any] = runtime.blocking.run_specialist(name, "hello")
            kept += [repr(run), run.recording.to_json(), *map(str, run.events)]
            kept += [shown for event in run.events for shown in (event.model_dump_json(), repr(event))]
    sent = [asked.headers for asked in server.asked]
    assert (sent[0]["x-api-key"], sent[0]["x-team"]) == (IN_SPEC, IN_HEADER)
    assert sent[1]["authorization"] == f"Bearer {IN_ENVIRONMENT}"
    assert IN_HEADER not in str(sent[1])
    kept += [repr(runtime), repr(runtime.spec), json.dumps(runtime.spec.to_json()), repr(runtime.interpreter)]
    kept += [str(runtime.interpreter.__dict__), str(runtime.spec.providers), caplog.text]
    assert [each for each in kept for canary in CANARIES if canary in each] == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 529])
def test_what_a_provider_repeats_of_the_key_is_struck_out(status: int) -> None:
    echo = {"error": {"type": "x", "message": f"wrong key {IN_SPEC} or header {IN_HEADER}", "code": IN_SPEC}}
    with serving(lambda _: Reply(status=status, error=echo)) as server:
        run = runtime_at(server, maxRetries=1).run_specialist("greeter", "hello").wait()
    error = run.result.failure()
    assert isinstance(error, ModelFailed)
    assert error.status == status
    kept = [*shown(error), run.recording.to_json(), *(event.model_dump_json() for event in run.events)]
    assert [each for each in kept for canary in CANARIES if canary in each] == []


@pytest.mark.parametrize("status", [200, 400])
def test_a_key_of_another_provider_is_struck_out_too(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", IN_ENVIRONMENT)
    echo = {"error": {"type": "x", "message": f"wrong key {IN_ENVIRONMENT}"}}
    reply = Reply(f"the key is {IN_ENVIRONMENT}") if status == 200 else Reply(status=status, error=echo)
    with serving(lambda _: reply) as server:
        run = runtime_at(server).run_specialist("greeter", "hello").wait()
    kept = [repr(run.result), run.recording.to_json(), *(event.model_dump_json() for event in run.events)]
    assert [each for each in kept if IN_ENVIRONMENT in each] == []
    assert any("[key]" in each for each in kept)


def test_a_key_that_cannot_be_sent_is_not_shown() -> None:
    with serving([]) as server, pytest.raises(SpecError) as caught:
        runtime_at(server, apiKey=f"{IN_SPEC}\n")
    assert [each for each in shown(caught.value) if IN_SPEC in each] == []


def test_a_key_is_missed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    run = Live(allow_in_tests=["groq"]).run(CallModel("groq:llama", prompt="x"))
    error = run.result.failure()
    assert isinstance(error, AuthenticationFailed)
    assert "GROQ_API_KEY" in str(error.hint)


def test_an_odd_option_is_refused_without_its_value() -> None:
    odd: list[Any] = [
        {"apiKey": IN_SPEC, "tokensPerMinute": IN_SPEC},
        {"apiKey": [IN_SPEC]},
        {"headers": {"x": [IN_SPEC]}},
    ]
    for options in odd:
        with pytest.raises(SpecError) as caught:
            Live(providers={"anthropic": options})
        assert [each for each in shown(caught.value)[:3] if IN_SPEC in each] == []


def test_a_key_from_the_environment_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    live = Live()
    with serving([Reply("hello")]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", IN_ENVIRONMENT)
        assert live.run(CallModel("claude-x", prompt="x")).value == "hello"
    assert server.asked[0].headers["x-api-key"] == IN_ENVIRONMENT


def test_an_error_tells_who_was_asked_and_how_it_went() -> None:
    headers = (("retry-after", "0.01"), ("request-id", "req_7"))
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    with serving(lambda _: Reply(status=429, error=body, headers=headers)) as server:
        live = Live(providers={"anthropic": {"baseUrl": server.url, "maxRetries": 1}})
        run = live.run(CallModel("claude-x", prompt="x"))
    error = run.result.failure()
    assert isinstance(error, RateLimited)
    assert (error.provider, error.model, error.status, error.attempts) == ("anthropic", "claude-x", 429, 2)
    assert (error.code, error.retry_after_ms) == ("rate_limit_error", 10)
    assert error.request_id
    assert [event.type for event in run.events].count("model_retried") == 1


def test_what_broke_off_is_in_the_error() -> None:
    with serving(lambda _: Reply("a text of some length that is cut", breaks=True)) as server:
        live = Live(providers={"anthropic": {"baseUrl": server.url, "maxRetries": 0}})
        error = live.run(CallModel("claude-x", prompt="x")).result.failure()
    assert isinstance(error, ModelFailed)
    assert error.partial
    assert "a text of some length that is cut".startswith(error.partial)
