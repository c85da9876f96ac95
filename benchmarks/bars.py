"""The bars: what is measured, against whom, and what must hold."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Script:
    """One module that measures, in the environment it needs."""

    module: str
    environment: str = "ours"
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bar:
    """One line of the table.

    With `against` the limit is a ratio to the fastest of the named measures, without it an amount in the unit measured.
    """

    what: str
    ours: str
    limit: float
    against: tuple[str, ...] = ()


FRAMEWORKS = ("pydantic_ai", "langchain", "openai_agents")

SCRIPTS = (
    Script("benchmarks.ours.effect"),
    Script("benchmarks.peers.trampoline"),
    Script("benchmarks.peers.doeff", "doeff"),
    Script("benchmarks.ours.gathering"),
    Script("benchmarks.peers.asyncio_gather"),
    Script("benchmarks.ours.tokio"),
    Script("benchmarks.peers.tokio_gather", "tokio_futures"),
    Script("benchmarks.ours.agent"),
    Script("benchmarks.peers.bare_loop"),
    *(Script(f"benchmarks.peers.{name}", name) for name in FRAMEWORKS),
    Script("benchmarks.ours.binds"),
    Script("benchmarks.imports", "ours", ("ours", "ours_used", "pydantic")),
    *(Script("benchmarks.imports", name, (name,)) for name in FRAMEWORKS),
)
"""In this order within a round, so that ours and its peers stand beside each other."""

BARS = (
    Bar("one typed effect, beside a hand-written trampoline", "effect.ours", 1.3, ("effect.trampoline",)),
    Bar("one typed effect, beside `doeff`", "effect.ours", 0.3, ("effect.doeff",)),
    Bar("gather of 1,000 one-effect programs, beside asyncio tasks", "gather.ours", 0.15, ("gather.asyncio",)),
    Bar("100 effects answered from tokio", "tokio.ours", 0.2, ("tokio.pyo3_async_runtimes",)),
    Bar(
        "one agent step of 10, beside the fastest framework",
        "agent10.ours",
        1 / 40,
        tuple(f"agent10.{name}" for name in FRAMEWORKS),
    ),
    Bar("one agent step of 10, beside a bare loop of dicts", "agent10.ours", 6, ("agent10.bare_loop",)),
    Bar("one agent step of 100, beside one of 10", "agent100.ours", 1.3, ("agent10.ours",)),
    Bar("memory of a pending bind", "bind.pending", 64),
    Bar("memory of a bind as a value", "bind.value", 64),
    Bar("`import flowai_harness`", "import.ours", 250),
    Bar("`import flowai_harness` and use it, beside pydantic", "import.ours_used", 2, ("import.pydantic",)),
)
