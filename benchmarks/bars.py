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


SDKS = {
    "anthropic": ("Anthropic Messages", "anthropic_sdk"),
    "responses": ("OpenAI Responses", "openai_sdk_responses"),
    "chat": ("Chat Completions", "openai_sdk_chat"),
}
"""The protocols whose recorded streams are played, and the official SDK that reads each."""

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
    Script("benchmarks.ours.streams"),
    Script("benchmarks.peers.anthropic_streams", "anthropic_sdk"),
    Script("benchmarks.peers.openai_streams", "openai_sdk"),
    Script("benchmarks.ours.many_streams"),
    Script("benchmarks.ours.evals"),
    Script("benchmarks.peers.pydantic_evals", "pydantic_evals"),
    Script("benchmarks.peers.inspect_evals", "inspect"),
    Script("benchmarks.peers.deepeval_evals", "deepeval"),
    Script("benchmarks.ours.durable"),
    Script("benchmarks.ours.growth"),
    Script("benchmarks.ours.paused"),
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
    *(
        Bar(f"one stream of {what}, {how}, beside the official SDK", f"{row}.ours_{api}", 0.3, (f"{row}.{sdk}",))
        for row, how in (("stream", "come at once"), ("paced", "come event by event"))
        for api, (what, sdk) in SDKS.items()
    ),
    *(
        Bar(f"one sample of an evaluation, beside {what}", "sample.ours", 1, (f"sample.{name}",))
        for name, what in (("inspect", "Inspect"), ("pydantic_evals", "pydantic-evals"), ("deepeval", "DeepEval"))
    ),
    Bar("1,000 samples with every event, in seconds of CPU", "samples.ours", 0.5),
    Bar("1,000 samples with every event, in MB of the process", "samples.ours_mb", 100),
    Bar("one short trajectory scored, in µs", "score.ours_us", 10),
    Bar("one durable step, beside two commits of bare SQLite", "durable.step", 4, ("durable.two_commits",)),
    Bar(
        "one durable step of 64 runs at once, beside one of a run alone",
        "durable.together",
        1 / 1.4,
        ("durable.alone",),
    ),
    Bar("the same, beside one commit of bare SQLite", "durable.together", 1 / 1.4, ("durable.one_commit",)),
    Bar("100 calls in a conversation of 209,000 tokens, in MiB on the disk", "growth.hundred_calls", 2),
    Bar("100,000 paused runs, in MiB over idle", "paused.memory", 64),
    Bar("100,000 paused runs, start-up in s", "paused.start", 2),
    Bar("100,000 paused runs, answer to next effect in ms, p99", "paused.answer", 20),
    Bar("memory of a pending bind", "bind.pending", 64),
    Bar("memory of a bind as a value", "bind.value", 64),
    Bar("`import flowai_harness`", "import.ours", 250),
    Bar("`import flowai_harness` and use it, beside pydantic", "import.ours_used", 2, ("import.pydantic",)),
)
