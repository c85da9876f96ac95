"""Anthropic Messages as a server writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.live.pieces import event, pieces, read, text_of

USAGE = {"input_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
SIGNATURE = "c2lnbmF0dXJl"


def system(body: dict[str, Any]) -> str:
    return text_of(body.get("system", ""))


def messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The conversation as a script sees it; results of tools carry the name of their call."""
    seen: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for block in blocks:
            if block["type"] == "tool_use":
                names[block["id"]] = block["name"]
            elif block["type"] == "tool_result":
                seen.append({"role": "tool", "name": names[block["tool_use_id"]], "content": read(block["content"])})
            elif block["type"] == "text":
                seen.append({"role": message["role"], "text": block["text"]})
    return seen


def whole(reply: Any, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": _blocks(reply),
        "stop_reason": "tool_use" if reply.calls else "end_turn",
        "stop_sequence": None,
        "usage": {**USAGE, "output_tokens": 5},
    }


def streamed(reply: Any, body: dict[str, Any]) -> Iterator[str]:
    message: dict[str, Any] = {**whole(reply, body), "content": [], "stop_reason": None, "usage": USAGE}
    yield _event({"type": "message_start", "message": message})
    yield _event({"type": "ping"})
    for index, block in enumerate(_blocks(reply)):
        yield _event({"type": "content_block_start", "index": index, "content_block": _opened(block)})
        for delta in _deltas(block):
            yield _event({"type": "content_block_delta", "index": index, "delta": delta})
        yield _event({"type": "content_block_stop", "index": index})
    stop = {"stop_reason": "tool_use" if reply.calls else "end_turn", "stop_sequence": None}
    yield _event({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 5}})
    yield _event({"type": "message_stop"})


def _event(written: dict[str, Any]) -> str:
    return event(written, written["type"])


def _blocks(reply: Any) -> list[dict[str, Any]]:
    thinking = [{"type": "thinking", "thinking": reply.thinking, "signature": SIGNATURE}] if reply.thinking else []
    text = [{"type": "text", "text": reply.text}] if reply.text else []
    calls = [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in reply.calls]
    return [*thinking, *text, *calls]


def _opened(block: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"thinking": "", "signature": "", "text": "", "input": {}}
    return {name: empty.get(name, value) for name, value in block.items()}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "thinking":
        for piece in pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "text":
        for piece in pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
    else:
        for piece in pieces(json.dumps(block["input"])):
            yield {"type": "input_json_delta", "partial_json": piece}
