"""Recorded streams of real providers: a dozen of each protocol, of every size, with the text that they say."""

import gzip
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BESIDE = Path(__file__).parents[2].parent / "shared" / "data" / "provider_traffic"
FOLDER = Path(os.environ.get("FLOWAI_PROVIDER_TRAFFIC", BESIDE))
"""Where the recordings are: beside the repository, unless the environment says another place."""

FILES = {
    "anthropic": "anthropic.messages.jsonl.gz",
    "responses": "openai.responses.jsonl.gz",
    "chat": "openai.chat.completions.jsonl.gz",
}
CHOSEN = 12


@dataclass(frozen=True)
class Recording:
    """One stream, cut where its events end, and what the official SDK makes of its text."""

    events: tuple[bytes, ...]
    text: str


def chosen(api: str) -> list[Recording]:
    """Streams that say something, twelve evenly from the smallest to the largest; none where the data is absent."""
    if not (FOLDER / FILES[api]).exists():
        return []
    found = sorted(_speaking(api), key=lambda recording: sum(map(len, recording.events)))
    last = len(found) - 1
    return [found[last * place // (CHOSEN - 1)] for place in range(CHOSEN)]


def _speaking(api: str) -> Iterator[Recording]:
    with gzip.open(FOLDER / FILES[api], "rt", encoding="utf-8") as lines:
        for line in lines:
            row: dict[str, Any] = json.loads(line)
            official: dict[str, Any] = row["official_sdk"] or {}
            is_whole = row["stream"] and row["status"] == 200 and row.get("sse_framing") == "as recorded"
            if is_whole and official.get("ok") and (text := _text(api, official["result"])):
                body = row["response_text"].encode()
                yield Recording(tuple(re.findall(rb".+?(?:\r?\n\r?\n|\Z)", body, re.DOTALL)), text)


def _text(api: str, result: Any) -> str:
    if api == "anthropic":
        return "".join(block.get("text") or "" for block in result["content"])
    if api == "chat":
        return (len(result["choices"]) == 1 and result["choices"][0]["message"].get("content")) or ""
    said = [part for item in result["final"]["output"] for part in item.get("content") or ()]
    return "".join(part["text"] for part in said if part["type"] == "output_text")
