"""Recorded streams through the official SDK of Anthropic, every event and the final message read."""

from anthropic import AsyncAnthropic

from benchmarks.streams.client import MODELS, replaying

ASKED = {"model": MODELS["anthropic"], "max_tokens": 4_096}


async def asked(client: AsyncAnthropic, prompt: str) -> str:
    """Stream one answer."""
    async with client.messages.stream(messages=[{"role": "user", "content": prompt}], **ASKED) as stream:
        events = [event.type async for event in stream]
        final = await stream.get_final_message()
    assert events
    return "".join(block.text for block in final.content if block.type == "text")


def main() -> None:
    """Measure the client for asyncio."""
    with replaying() as replay:
        client = AsyncAnthropic(base_url=replay.url, api_key="x")
        replay.measure("anthropic_sdk", "anthropic", lambda prompt: asked(client, prompt))


if __name__ == "__main__":
    main()
