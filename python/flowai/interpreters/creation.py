"""The making of a runtime: a spec, services, and one word for who answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import Fault, SpecError
from flowai.interpreters.interpreter import Interpreter
from flowai.interpreters.runtime import Runtime
from flowai.specs.runtime import RuntimeSpec

if TYPE_CHECKING:
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
) -> Runtime:
    """Make a runtime of a spec.

    Args:
        spec: What `define_runtime` returned.
        services: Any object of yours; tools find it as `ctx.services`.
        interpreter: `"live"`, `"test"`, `"eval"` or an interpreter; by default `"test"` where `testing`
            is given, else what the environment variable `FLOWAI_INTERPRETER` says, else live.
        testing: What models say and humans decide; no key and no network is needed.
        storage: Where runs are kept; memory when none is given.

    Raises:
        SpecError: Listing everything that is missing for this interpreter.

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
    faults = [*_missing_toolkits(spec), *_missing_storage(storage)]
    if faults:
        raise SpecError(faults)
    return Runtime(spec, services, chosen)


def _chosen(interpreter: str | Interpreter[Any] | None, testing: TestingConfig | None) -> Interpreter[Any]:
    if isinstance(interpreter, Interpreter):
        return interpreter
    word = interpreter or ("test" if testing is not None else os.environ.get("FLOWAI_INTERPRETER") or "live")
    if word == "live":
        from flowai.interpreters.live import Live

        return Live()
    if word in WORDS:
        return _scripted(word, testing)
    raise SpecError(f"there is no interpreter `{word}`", hint=f"choose one of {', '.join(WORDS)}, or give one")


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


def _missing_storage(storage: str | None) -> list[Fault]:
    if storage is None or storage == "memory":
        return []
    return [Fault("storage", f"`{storage}` cannot be opened yet", "leave `storage` out: runs are kept in memory")]
