"""Recorded streams through the official SDK of OpenAI, every event and the final answer read."""

import warnings

from openai import AsyncOpenAI

from benchmarks.streams.client import MODELS, replaying


def said(prompt: str) -> list[dict[str, str]]:
    """One message of the user."""
    return [{"role": "user", "content": prompt}]


async def responses(client: AsyncOpenAI, prompt: str) -> str:
    """Stream one answer of Responses."""
    async with client.responses.stream(model=MODELS["responses"], input=prompt) as stream:
        events = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert events
    return final.output_text


async def chat(client: AsyncOpenAI, prompt: str) -> str:
    """Stream one answer of Chat Completions."""
    async with client.chat.completions.stream(model=MODELS["chat"], messages=said(prompt)) as stream:
        events = [event.type async for event in stream]
        final = await stream.get_final_completion()
    assert events
    return final.choices[0].message.content or ""


def main() -> None:
    """Measure both protocols with the client for asyncio."""
    warnings.simplefilter("ignore")  # of a web search it says at length that it is not as expected
    with replaying() as replay:
        client = AsyncOpenAI(base_url=f"{replay.url}/v1", api_key="x")
        replay.measure("openai_sdk_responses", "responses", lambda prompt: responses(client, prompt))
        replay.measure("openai_sdk_chat", "chat", lambda prompt: chat(client, prompt))


if __name__ == "__main__":
    main()
