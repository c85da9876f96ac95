"""Row 15: a secret that tools, handlers, models or users repeat is struck out before anything is kept or told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flowai import CallModel, CallTool, Do, Effect, Models, Tools, catch, program
from flowai.errors import EffectFailed, ToolFailed
from flowai.interpreters import Eval, Live, Run, Test
from flowai.observe import observe
from flowai.specs.secret import Secret
from flowai_harness import (
    Calls,
    Handle,
    Runtime,
    Says,
    TestingConfig,
    ToolContext,
    create_runtime,
    define_reference,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)

trace: Any = pytest.importorskip("opentelemetry.sdk.trace")
trace_export: Any = pytest.importorskip("opentelemetry.sdk.trace.export")
in_memory: Any = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")

KEY, TOKEN, TITLE = "sk-canary-struck-1", "canary-struck-token-2", "the title of our desk"
ENVIRONMENT, OWN, SHORT = "sk-canary-struck-3", "canary-struck-own-4", "canary-4711"
CANARIES = (KEY, TOKEN, ENVIRONMENT, OWN)
ALL = f"{KEY} {TOKEN} {ENVIRONMENT} {OWN}"
STRUCK = "[key] [key] [key] [key]"
own = Secret(OWN)
told: list[str] = []
Note = define_reference(name="StruckNote", schema=str, ttl_ms=60_000, glimpse=lambda value: {"says": value})


@dataclass(frozen=True)
class Ask(Effect[dict[str, str]]):
    """A question of the user's own."""

    about: str


@define_tool(access="read")
def leak(depth: int) -> dict[str, Any]:
    """Return the secrets, as texts and as names."""
    return {"text": own.reveal() and ALL, "deep": [[{f"name {KEY}": ALL}]] * depth}


@define_tool(access="read")
def plain() -> str:
    """Return the secrets as one text."""
    return ALL


@define_tool(access="read")
def fail() -> str:
    """Raise the secrets, with a cause."""
    failed = OSError(f"no entry with {ALL}")
    failed.add_note(f"sent {TOKEN}")
    raise failed from KeyError(OWN, KEY)


@define_tool(access="read")
async def keep(ctx: ToolContext[Any]) -> Handle[str]:
    """Store the secrets, and report them."""
    ctx.report({"at": ALL})
    return await ctx.references.store(Note, ALL)


@define_tool(access="read")
def echo(text: str) -> str:
    """Say a text again."""
    told.append(text)
    return text


@define_tool(access="write_once", approval="always")
def send(text: str) -> str:
    """Send a text."""
    told.append(text)
    return text


TOOLS = (leak, plain, fail, keep, echo, send)


def providers() -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Title": TITLE}
    return {"anthropic": {"apiKey": KEY, "headers": headers}}


class Kept:
    """Everything that a runtime keeps and tells, in memory or in a file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._spans: Any = in_memory.InMemorySpanExporter()
        self._tracers: Any = trace.TracerProvider()
        self._tracers.add_span_processor(trace_export.SimpleSpanProcessor(self._spans))

    def runtime(self, *steps: Any, interpreter: Any = None, decisions: Any = None) -> Runtime:
        agent = define_specialist(name="clerk", model="claude-haiku-4-5", prompt="x", tools=TOOLS)
        spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent], providers=providers())
        script: Any = {"clerk": list(steps)}
        testing = None if interpreter else TestingConfig(script=script, decisions=decisions)
        storage = None if self._path is None else f"sqlite:///{self._path / 'runs.db'}"
        observer = observe(self._tracers, content=True)
        return create_runtime(spec, interpreter=interpreter, testing=testing, storage=storage, observer=observer)

    def written(self, run: Run[Any]) -> list[str]:
        """Return what was written about a run, in whatever form."""
        events = [shown for each in run.events for shown in (each.model_dump_json(), repr(each), str(each))]
        spans = [each.to_json() for each in self._spans.get_finished_spans()]
        files = [] if self._path is None else [each for each in self._path.iterdir() if each.is_file()]
        assert self._path is None or {"runs.db", "runs.db-wal", "runs.db-head"} <= {each.name for each in files}
        stored = [each.read_bytes().decode("latin-1") for each in files]
        return [repr(run), run.recording.to_json(), *events, *spans, *stored]


@pytest.fixture(params=["memory", "sqlite"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setenv("OPENAI_API_KEY", ENVIRONMENT)
    own.reveal()
    told.clear()
    return Kept(tmp_path if request.param == "sqlite" else None)


def assert_struck(kept: Kept, run: Run[Any], caplog: pytest.LogCaptureFixture) -> None:
    """Find no secret in what was written, and that something was struck."""
    written = [*kept.written(run), caplog.text]
    assert [(each[:80], canary) for each in written for canary in CANARIES if canary in each] == []
    assert any("[key]" in each for each in written)


STEPS: dict[str, list[Any]] = {
    "a result": [Calls("leak", depth=2), Says("done")],
    "a text": [Calls("plain"), Says("done")],
    "an exception with its cause": [Calls("fail"), Says("done")],
    "a reference and a report": [Calls("keep"), Says("done")],
    "an echo of the model": [Says(f"you gave me {ALL}")],
    "an argument of the model": [Calls("echo", text=ALL), Says("done")],
    "an argument that is worked out": [Calls("echo", text=lambda _: ALL), Says("done")],
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_what_an_agent_meets_is_struck(kept: Kept, caplog: pytest.LogCaptureFixture, steps: list[Any]) -> None:
    caplog.set_level(logging.DEBUG)
    run = kept.runtime(*steps).blocking.run_specialist("clerk", "go", thread_id="t")
    assert_struck(kept, run, caplog)


def test_what_a_user_says_is_struck(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    def listening(so_far: Any) -> str:
        seen.append(str(so_far.messages))
        return "x"

    run = kept.runtime(Calls("echo", text=listening), Says("done")).blocking.run_specialist(
        "clerk", f"use {ALL}", thread_id="t"
    )
    assert_struck(kept, run, caplog)
    assert [STRUCK in each for each in seen] == [True]


def test_a_tool_runs_with_what_was_approved(kept: Kept) -> None:
    runtime = kept.runtime(Calls("send", text=ALL), Says("done"), decisions=["approve"])
    run = runtime.blocking.run_specialist("clerk", "go", thread_id="t")
    (asked,) = [event for event in run.events if event.type == "approval_required"]
    assert STRUCK in asked.model_dump_json()
    assert told == [STRUCK]


@program
def asking(about: str) -> Do[Ask, str]:
    """Ask the user's handler, and say what it said."""
    found = yield from Ask(about)
    return found["said"]


def answering(effect: Ask) -> dict[str, str]:
    told.append(effect.about)
    return {"said": ALL}


async def answering_later(effect: Ask) -> dict[str, str]:
    return answering(effect)


def raising(_: Ask) -> dict[str, str]:
    raise OSError(ALL) from KeyError(KEY, ALL)


async def raising_later(effect: Ask) -> dict[str, str]:
    return raising(effect)


@pytest.mark.parametrize("handler", [answering, answering_later, raising, raising_later])
def test_what_a_handler_gives_is_struck(
    kept: Kept, caplog: pytest.LogCaptureFixture, handler: Callable[[Ask], Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    run = kept.runtime(interpreter=Test().handling(Ask, handler)).run_program(asking(ALL)).wait()
    assert_struck(kept, run, caplog)
    if handler in {answering, answering_later}:
        assert run.output == STRUCK
        # The handler is given the very question, of which only what is kept is struck.
        assert told == [ALL]


@program
def sending(text: str) -> Do[Models | Tools, str]:
    """Give a tool what a model said."""
    said = yield from CallModel("m", prompt=f"repeat {text}")
    heard = yield from CallTool(plain)
    return f"{said} {heard}"


def gateway(_: CallModel[Any]) -> str:
    return ALL


@pytest.mark.parametrize("live", [True, False])
def test_what_a_model_of_a_program_says_is_struck(kept: Kept, caplog: pytest.LogCaptureFixture, *, live: bool) -> None:
    asks: Any = CallModel
    interpreter: Any = Live().handling(asks, gateway) if live else Test(script=[ALL])
    run = kept.runtime(interpreter=interpreter).run_program(sending(ALL)).wait()
    assert run.output == f"{STRUCK} {STRUCK}"
    assert_struck(kept, run, caplog)


@program
def failing() -> Do[Tools, str]:
    """Call what fails."""
    return (yield from CallTool(fail))


def test_a_run_that_fails_names_no_secret(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    run = kept.runtime(interpreter=Test()).run_program(failing()).wait()
    error = run.result.failure()
    assert isinstance(error, ToolFailed)
    assert STRUCK in error.message
    # The exception itself is the tool's own, and nobody else's to change.
    assert ALL in str(error.__cause__)
    assert_struck(kept, run, caplog)


def test_a_recording_replays_without_its_secrets() -> None:
    own.reveal()
    mended = catch(CallTool(fail), lambda error: CallTool(echo, text=str(error)), on=EffectFailed)
    run = Eval(Test()).run(mended)
    assert OWN not in run.recording.to_json()
    assert Eval(Test()).replay(run.recording).run(mended).value == run.value


def test_what_is_no_secret_stays(kept: Kept) -> None:
    Secret(SHORT).reveal()
    said = f"{TITLE}, {SHORT}, sk-canary-struck-, canary, Bearer, \N{KEY}, {{'a': 1}}"
    run = kept.runtime(Calls("echo", text=said), Says(said)).blocking.run_specialist("clerk", said, thread_id="t")
    assert (run.output, told) == (said, [said])
    assert "[key]" not in run.recording.to_json()
