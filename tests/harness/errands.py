"""A model that does what it is told: each message says which tools to call, turn by turn."""

import json
from typing import Any

from flowai import CallModel

Call = tuple[str, dict[str, Any]]
"""The name of a tool and its arguments."""


def errand(*turns: list[Call]) -> str:
    """Return the message that makes an agent call these tools, turn by turn."""
    return json.dumps(turns)


def gateway(question: CallModel[Any]) -> dict[str, Any]:
    """Answer for every model: the next turn of the last errand, and at its end all that was seen."""
    messages: list[dict[str, Any]] = [dict(each) for each in question.messages or ()]
    asked = [index for index, each in enumerate(messages) if each["role"] == "user"]
    turns: list[list[Call]] = json.loads(messages[asked[-1]]["text"])
    done = sum(1 for each in messages[asked[-1] :] if each.get("tool_calls"))
    if done == len(turns):
        told = [each["content"] for each in messages if each["role"] == "tool"]
        said = {"asked": [messages[index]["text"] for index in asked], "told": told}
        return {"text": json.dumps(said), "tool_calls": []}
    calls = [
        {"id": f"call-{len(messages)}-{number}", "name": name, "arguments": arguments}
        for number, (name, arguments) in enumerate(turns[done])
    ]
    return {"text": "", "tool_calls": calls}
