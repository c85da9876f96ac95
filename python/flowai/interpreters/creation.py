"""The making of a runtime: a spec, services, and one word for who answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import Fault, SpecError
from flowai.interpreters.interpreter import Interpreter
from flowai.interpreters.runtime import Runtime
from flowai.specs.runtime import RuntimeSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai.events import Event
    from flowai.specs.testing import TestingConfig

WORDS = ("live", "test", "eval")
"""What `interpreter=` and `FLOWAI_INTERPRETER` may say."""


def create_runtime(
    spec: RuntimeSpec,
    services: Any = None,
    *,
    interpreter: str | Interpreter[Any] | None = None,
    testing: TestingConfig | None = None,
    storage: str | None = None,
    recover: bool = False,
    observer: Callable[[Event], None] | None = None,
) -> Runtime:
    """Make a runtime of a spec.

    Args:
        spec: What `define_runtime` returned.
        services: Any object of yours; tools find it as `ctx.services`.
        interpreter: `"live"`, `"test"`, `"eval"` or an interpreter; by default `"test"` where `testing`
            is given, else what the environment variable `FLOWAI_INTERPRETER` says, else live.
        testing: What models say and humans decide; no key and no network is needed.
        storage: Where runs, plans, approvals and references are kept: `"sqlite:///path"`, `"postgresql://..."`;
            in memory, and gone with the process, when none is given.
        recover: Whether to go on at once with the runs whose process ended while they were at work.
        observer: Who is told of every event as it happens, such as `flowai.observe.observe()`.

    Raises:
        SpecError: Listing everything that is missing for this interpreter.
        StorageError: The store cannot be opened, or is of a newer release.

    Example:
        >>> from flowai_harness import TestingConfig, define_runtime, define_specialist, define_tenant
        >>> greeter = define_specialist(name="greeter", model="claude-haiku-4-5", prompt="Greet.")
        >>> spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[greeter])
        >>> runtime = create_runtime(spec, testing=TestingConfig(mock_response="hello"))
        >>> runtime.blocking.run_specialist("greeter", "Say hello").output
        'hello'
    """
    given = cast("object", spec)
    if not isinstance(given, RuntimeSpec):
        raise SpecError(f"`{given!r}` is no runtime spec", hint="give what `define_runtime(...)` returned")
    chosen = _chosen(interpreter, testing)
    faults = [*_missing_toolkits(spec), *_unusable_storage(storage, chosen)]
    if faults:
        raise SpecError(faults)
    kept = None if storage == "memory" else storage
    runtime = Runtime(spec, services, chosen if observer is None else chosen.observed(observer), kept)
    unasked = runtime.unasked() if _asks_models(chosen) else []
    if unasked:
        raise SpecError(unasked)
    if recover:
        runtime.recover()
    return runtime


def _chosen(interpreter: str | Interpreter[Any] | None, testing: TestingConfig | None) -> Interpreter[Any]:
    _check_testing(interpreter, testing)
    if isinstance(interpreter, Interpreter):
        return interpreter
    word = interpreter or ("test" if testing is not None else os.environ.get("FLOWAI_INTERPRETER") or "live")
    if word == "live":
        from flowai.interpreters.live import Live

        return Live()
    if word in WORDS:
        return _scripted(word, testing)
    raise SpecError(f"there is no interpreter `{word}`", hint=f"choose one of {', '.join(WORDS)}, or give one")


def _asks_models(interpreter: Interpreter[Any]) -> bool:
    from flowai.interpreters.live import Live

    return isinstance(interpreter, Live) and interpreter.asks_models


def _check_testing(interpreter: object, testing: object) -> None:
    if testing is None:
        return
    from flowai.specs.testing import TestingConfig

    if not isinstance(testing, TestingConfig):
        raise SpecError(f"`testing` is {testing!r}", hint='write `TestingConfig(mock_response="hello")`')
    if interpreter == "live" or isinstance(interpreter, Interpreter):
        hint = 'leave one of them out; `"test"` and `"eval"` use what `testing` says'
        raise SpecError("`testing` says what models answer, and `interpreter` asks somebody else", hint=hint)


def _scripted(word: str, testing: TestingConfig | None) -> Interpreter[Any]:
    from flowai.interpreters.eval import Eval
    from flowai.interpreters.test import Test
    from flowai.specs.testing import TestingConfig

    test = Test.of(testing or TestingConfig(script=[]))
    return Eval(test) if word == "eval" else test


def _missing_toolkits(spec: RuntimeSpec) -> list[Fault]:
    return [
        Fault(
            f"agent `{agent.name}`",
            f"the toolkit `{toolkit}` comes with a later release",
            "leave it out of `toolkits`, or give tools of your own",
        )
        for agent in spec.agents
        for toolkit in agent.toolkits
    ]


SCHEMES = ("sqlite:///", "postgresql://", "postgres://")
"""How the address of a store may begin."""
PLAIN = "a store in a file has no options; leave `storage` out to keep runs in memory"


def _names_no_plain_file(storage: str) -> bool:
    """Say whether an address means what other drivers read in it: a file of that very name would be made."""
    path = storage.removeprefix("sqlite:///")
    return storage.startswith("sqlite:") and ("?" in path or path.startswith((":memory:", "file:")))


def _unusable_storage(storage: object, interpreter: Interpreter[Any]) -> list[Fault]:
    if storage is None or storage == "memory":
        return []
    if not isinstance(storage, str) or not storage.startswith(SCHEMES):
        hint = 'write "sqlite:///runs.db", "sqlite:////var/lib/app/runs.db" or "postgresql://user@host/db"'
        return [Fault("storage", f"`{storage}` is no address of a store", hint)]
    if _names_no_plain_file(storage):
        return [Fault("storage", f"`{storage}` names a file that cannot be meant", PLAIN)]
    if interpreter.replays:
        return [Fault("storage", "a replay keeps nothing", "leave `storage` out: a recording is what is kept of a run")]
    return []
