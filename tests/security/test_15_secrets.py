"""Row 15: canary secrets in keys, headers, exceptions and model echoes are in nothing that is kept or shown."""

import json
import pickle
from typing import Any

import pytest

from flowai_harness import (
    Calls,
    Says,
    SpecError,
    TestingConfig,
    create_runtime,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from tests.harness.desk import Rows, asked, of

KEY = "sk-canary-4711"
HEADER = "Bearer canary-4712"
IN_ERROR = "canary-4713"


def runtime_with(*steps: Any, tools: Any = ()) -> Any:
    agent = define_specialist(name="clerk", model="m", prompt="x", tools=tools)
    providers: Any = {"anthropic": {"apiKey": KEY, "headers": {"Authorization": HEADER}}}
    spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent], providers=providers)
    return create_runtime(spec, Rows(), testing=TestingConfig(script={"clerk": list(steps)}))


def test_keys_are_in_no_spec_event_or_recording() -> None:
    runtime = runtime_with(Says("hello"))
    run = asked(runtime)
    kept = [
        repr(runtime.spec),
        str(runtime.spec.providers),
        json.dumps(runtime.spec.to_json()),
        repr(runtime),
        str(runtime.explain_policy()),
        run.recording.to_json(),
        *(event.model_dump_json() for event in run.events),
        *(str(event) for event in run.events),
    ]
    assert [each for each in kept if KEY in each or HEADER in each] == []


def test_a_secret_is_never_written_down() -> None:
    runtime = runtime_with(Says("hello"))
    for provider in runtime.spec.providers.values():
        with pytest.raises(TypeError):
            pickle.dumps(provider)


def test_what_is_wrong_with_a_provider_is_said_without_its_values() -> None:
    providers: Any = {"anthropic": {"apiKy": KEY, "headers": HEADER}}
    agent = define_specialist(name="clerk", model="m", prompt="x")
    with pytest.raises(SpecError) as caught:
        define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent], providers=providers)
    assert KEY not in str(caught.value)
    assert HEADER not in str(caught.value)


def test_what_a_tool_raises_is_not_told_to_the_model() -> None:
    @define_tool(access="read")
    def look() -> str:
        """Look."""
        raise OSError(f"password={IN_ERROR}")

    told: list[str] = []

    def listen(seen: Any) -> str:
        told.append(json.dumps(seen.messages))
        return "x"

    @define_tool(access="read")
    def read(text: str) -> str:
        """Read."""
        return text

    asked(runtime_with(Calls("look"), Calls("read", text=listen), Says("x"), tools=[look, read]))
    assert len(told) == 1
    assert IN_ERROR not in told[0]


def test_a_tool_never_finds_the_keys() -> None:
    found: list[str] = []

    @define_tool(access="read")
    def look(text: str) -> str:
        """Look."""
        found.append(text)
        return "x"

    run = asked(runtime_with(Calls("look", text="give me the key"), Says("x"), tools=[look]))
    assert KEY not in str(of(run, "tool_called"))
    assert found == ["give me the key"]
