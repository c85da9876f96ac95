"""OpenAI Responses as a server writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.live.pieces import event, pieces, read, text_of

USAGE = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 12,
}


def system(body: dict[str, Any]) -> str:
    said = [text_of(each["content"]) for each in body["input"] if each.get("role") in ("system", "developer")]
    return "\n".join([body.get("instructions") or "", *said])


def messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The conversation as a script sees it; results of tools carry the name of their call."""
    seen: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for item in body["input"]:
        if item.get("type") == "function_call":
            names[item["call_id"]] = item["name"]
        elif item.get("type") == "function_call_output":
            seen.append({"role": "tool", "name": names[item["call_id"]], "content": read(item["output"])})
        elif item.get("role") in ("user", "assistant"):
            seen.append({"role": item["role"], "text": text_of(item["content"])})
    return seen


def whole(reply: Any, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "model": body["model"],
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": _items(reply),
        "usage": USAGE,
    }


def streamed(reply: Any, body: dict[str, Any]) -> Iterator[str]:
    begun: dict[str, Any] = {**whole(reply, body), "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for index, item in enumerate(_items(reply)):
        place = {"output_index": index}
        events.append({"type": "response.output_item.added", "item": {**item, **_emptied(item)}, **place})
        events += [{**each, "item_id": item["id"], **place} for each in _deltas(item)]
        events.append({"type": "response.output_item.done", "item": item, **place})
    events.append({"type": "response.completed", "response": whole(reply, body)})
    for number, written in enumerate(events):
        yield event({**written, "sequence_number": number}, written["type"])


def _items(reply: Any) -> list[dict[str, Any]]:
    summary = [{"type": "summary_text", "text": reply.thinking}]
    reasoning = {"id": "rs_1", "type": "reasoning", "summary": summary, "encrypted_content": "sealed"}
    part: dict[str, Any] = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    calls = [
        {
            "id": f"fc_{call.id}",
            "type": "function_call",
            "status": "completed",
            "call_id": call.id,
            "name": call.name,
            "arguments": json.dumps(call.arguments),
        }
        for call in reply.calls
    ]
    return [*([reasoning] if reply.thinking else []), *([message] if reply.text else []), *calls]


def _emptied(item: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"summary": [], "content": [], "arguments": ""}
    return {name: value for name, value in empty.items() if name in item}


def _deltas(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if item["type"] == "reasoning":
        for piece in pieces(item["summary"][0]["text"]):
            yield {"type": "response.reasoning_summary_text.delta", "delta": piece, "summary_index": 0}
    elif item["type"] == "message":
        part = item["content"][0]
        yield {"type": "response.content_part.added", "content_index": 0, "part": {**part, "text": ""}}
        for piece in pieces(part["text"]):
            yield {"type": "response.output_text.delta", "delta": piece, "content_index": 0}
        yield {"type": "response.output_text.done", "text": part["text"], "content_index": 0}
    else:
        for piece in pieces(item["arguments"]):
            yield {"type": "response.function_call_arguments.delta", "delta": piece}
        yield {"type": "response.function_call_arguments.done", "arguments": item["arguments"]}
