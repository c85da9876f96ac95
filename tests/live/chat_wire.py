"""Chat Completions as a server writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.live.pieces import event, pieces, read, text_of

USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}


def system(body: dict[str, Any]) -> str:
    return "\n".join(text_of(each["content"]) for each in body["messages"] if each["role"] in ("system", "developer"))


def messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The conversation as a script sees it; results of tools carry the name of their call."""
    seen: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for message in body["messages"]:
        calls: list[Any] = message.get("tool_calls") or []
        for call in calls:
            names[call["id"]] = call["function"]["name"]
        if message["role"] == "tool":
            seen.append({"role": "tool", "name": names[message["tool_call_id"]], "content": read(message["content"])})
        elif message["role"] in ("user", "assistant"):
            seen.append({"role": message["role"], "text": text_of(message.get("content") or "")})
    return seen


def whole(reply: Any, body: dict[str, Any]) -> dict[str, Any]:
    calls = [_call(call) for call in reply.calls]
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    message |= {"tool_calls": calls} if calls else {}
    message |= {"reasoning_content": reply.thinking} if reply.thinking else {}
    choice = {"index": 0, "message": message, "finish_reason": _reason(reply)}
    return {**_head(body, "chat.completion"), "choices": [choice], "usage": USAGE}


def streamed(reply: Any, body: dict[str, Any]) -> Iterator[str]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in pieces(reply.thinking)]
    deltas += [{"content": piece} for piece in pieces(reply.text)]
    for index, call in enumerate(reply.calls):
        written = _call(call)
        function = written["function"]
        deltas.append({"tool_calls": [{**written, "index": index, "function": {**function, "arguments": ""}}]})
        arguments = pieces(function["arguments"])
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in arguments]
    head = _head(body, "chat.completion.chunk")
    for delta in deltas:
        yield event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _reason(reply)}]})
    yield event({**head, "choices": [], "usage": USAGE})
    yield event("[DONE]")


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": body["model"]}


def _reason(reply: Any) -> str:
    return "tool_calls" if reply.calls else "stop"


def _call(call: Any) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
    }
