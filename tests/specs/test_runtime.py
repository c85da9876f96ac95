"""Runtime specs: parts, providers and the secrets in them."""

import copy
import json
import pickle
from typing import Any

import pytest

from flowai.errors import SpecError
from flowai.specs.define_agent import define_specialist
from flowai.specs.provider import to_provider
from flowai.specs.reference import define_reference
from flowai.specs.runtime import build_runtime_spec
from flowai.specs.secret import Secret
from flowai.specs.tenant import define_tenant

CANARY = "sk-canary-5d1f"
greeter = define_specialist(name="greeter", model="claude-haiku-4-5", prompt="Greet.")
tenant = define_tenant("acme", "v1")
Texts = define_reference("Texts", list[str], 1_000, len)


def test_a_runtime_spec_holds_only_the_names_of_providers() -> None:
    providers: Any = {"openai": {"api_key": CANARY}, "anthropic": {"apiKey": CANARY}}
    spec = build_runtime_spec(tenant=tenant, agents=[greeter], providers=providers, references=[Texts])
    written = spec.to_json()
    assert written["providers"] == ["anthropic", "openai"]
    assert written["tenant"] == {"id": "acme", "config_version": "v1"}
    assert written["approval"] is None
    assert spec.agent("greeter") is greeter
    assert spec.reference("Texts") is Texts
    assert CANARY not in json.dumps(written) + repr(spec) + str(spec)
    assert spec.providers["openai"].api_key == Secret(CANARY)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (f"https://ana:{CANARY}@models.example:8443/v1", "https://***@models.example:8443/v1"),
        (f"https://ana:{CANARY}/@{CANARY}?@models.example", "https://***@models.example"),
        (f"https://models.example/v1?key={CANARY}", "https://models.example/v1?***"),
        (f"https://models.example/v1#{CANARY}", "https://models.example/v1?***"),
        ("https://models.example/v1", "https://models.example/v1"),
    ],
)
def test_a_provider_prints_its_address_without_what_is_secret_in_it(given: str, shown: str) -> None:
    provider = to_provider("house", {"api": "chat", "baseUrl": given})
    assert provider.base_url == given
    assert f"base_url='{shown}'" in repr(provider)
    assert CANARY not in repr(provider)


def test_both_spellings_of_a_key_are_read() -> None:
    camel = to_provider("x", {"apiKey": "k", "baseUrl": "http://h/v1", "timeoutS": 3, "maxRetries": 0})
    snake = to_provider("x", {"api_key": "k", "base_url": "http://h/v1", "timeout_s": 3, "max_retries": 0})
    assert camel == snake


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"apiKye": CANARY}, "unknown key `apiKye`\nhint: did you mean `api_key`?"),
        ({"apiKey": CANARY, "api_key": CANARY}, "`api_key` is given twice"),
        ({"api_key": ""}, "`api_key` is not a text"),
        ({"base_url": f"ftp://{CANARY}"}, "`base_url` is not an http or https URL"),
        ({"headers": {"x": 1}}, "`headers` is not a mapping of texts to texts"),
        ({"timeout_s": 0}, "`timeout_s` is not a number of seconds above zero"),
        (CANARY, "the configuration is not a mapping"),
    ],
)
def test_a_bad_provider_is_refused_without_showing_its_values(written: Any, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        build_runtime_spec(tenant=tenant, agents=[greeter], providers={"anthropic": written})
    assert said in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_secret_is_never_shown_or_written() -> None:
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {[secret]} {secret:>10}"
    assert copy.deepcopy(secret) is secret
    assert secret.reveal() == CANARY
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        vars(secret)


def test_everything_wrong_with_the_parts_is_listed() -> None:
    wrong: Any = build_runtime_spec
    with pytest.raises(SpecError) as caught:
        wrong(tenant="acme", agents=["greeter"], providers={"x": {"key": 1}}, approval={"plan": "always"})
    assert len(caught.value.faults) == 4


def test_a_runtime_has_agents_and_distinct_references() -> None:
    with pytest.raises(SpecError, match="`agents` is empty"):
        build_runtime_spec(tenant=tenant, agents=[])
    with pytest.raises(SpecError, match="two references are called `Texts`"):
        build_runtime_spec(tenant=tenant, agents=[greeter], references=[Texts, Texts])
