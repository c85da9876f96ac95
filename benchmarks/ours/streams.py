"""Recorded streams through the live interpreter, every piece and the whole answer read."""

from typing import Any

from benchmarks.streams.client import MODELS, replaying
from flowai import CallModel, Do, ModelAnswer, Models, program
from flowai.events import ModelAnswered, TextDelta, ThinkingDelta
from flowai.interpreters import Live
from flowai.specs.provider import ProviderConfig

PREFIXES = {"anthropic": "anthropic", "responses": "openai", "chat": "openai-chat"}


def live(url: str) -> Live[Any]:
    """An interpreter that asks the replay server."""
    openai: ProviderConfig = {"base_url": f"{url}/v1", "api_key": "x"}
    return Live(providers={"anthropic": {"base_url": url, "api_key": "x"}, "openai": openai, "openai-chat": openai})


async def asked(interpreter: Live[Any], model: str, prompt: str) -> str:
    """Stream one answer; an answer that is whole before anyone could read is shown without its pieces."""
    pieces: list[str] = []
    thoughts = 0
    whole = ""
    async for event in interpreter.stream(CallModel(model, prompt=prompt, output=ModelAnswer)):
        if isinstance(event, TextDelta):
            pieces.append(event.text)
        elif isinstance(event, ThinkingDelta):
            thoughts += 1
        elif isinstance(event, ModelAnswered):
            whole = event.text
    assert "".join(pieces) == whole or (not pieces and prompt.endswith(" 0 ms"))
    return whole


@program
def talk(model: str, prompt: str, times: int) -> Do[Models, int]:
    """Ask again and again, each when the answer before is there."""
    for _ in range(times):
        yield from CallModel(model, prompt=prompt, output=ModelAnswer)
    return times


def main() -> None:
    """Measure the three protocols on one interpreter."""
    with replaying() as replay:
        interpreter = live(replay.url)
        for api, prefix in PREFIXES.items():
            model = f"{prefix}:{MODELS[api]}"
            replay.measure(
                f"ours_{api}",
                api,
                lambda prompt, model=model: asked(interpreter, model, prompt),
                lambda prompt, times, model=model: interpreter.arun(talk(model, prompt, times)),
            )


if __name__ == "__main__":
    main()
