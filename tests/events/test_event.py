"""Events: how they are read and what their line looks like."""

from typing import Any

import pytest

from flowai.errors import ValueNotJson
from flowai.events import ToolCalled, parse_event
from flowai.events.visible import visible

BASE: dict[str, Any] = {"run_id": "r", "at": 50_602_120, "position": "0.3", "agent": "scenario_planner", "seq": 12}
CALLED = {**BASE, "type": "tool_called", "tool": "find_products", "access": "read", "idempotency_key": "k"}


def line(**event: Any) -> str:
    return str(parse_event({**BASE, **event}))


def test_an_event_is_one_aligned_line() -> None:
    assert [
        line(**CALLED, arguments={"query": "red", "limit": 3}),
        line(type="run_resumed", agent=None, seq=7),
        line(type="text_delta", text="hi\n", attempt=1, index=0, seq=None),
        line(
            type="plan_changed", plan_id="p", plan="S", revision=2, before="DRAFT", after="APPROVED", by="ana", diff=[]
        ),
    ] == [
        '  12 14:03:22.120 scenario_planner   tool_called        find_products(query="red", limit=3)',
        "   7 14:03:22.120 -                  run_resumed",
        '   - 14:03:22.120 scenario_planner   text_delta         "hi\\n"',
        "  12 14:03:22.120 scenario_planner   plan_changed       S p r2 DRAFT → APPROVED by ana",
    ]


HOSTILE = [
    "\x1b[2J",
    "\x9b31m",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\ufeff",
    "\r",
    "\n",
    "\x00",
    "\U000e0041",
    "\u3164",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_moves_the_cursor_or_hides_is_spelled_out(text: str) -> None:
    events = [
        line(**CALLED | {"tool": text}, arguments={text: [text]}),
        line(type="run_resumed", agent=f"a{text}"),
        line(type="run_failed", error={"kind": text, "message": text}),
        line(type="run_finished", output=text),
        line(
            type="approval_required",
            approval_id=text,
            kind="tool",
            title=text,
            subject=None,
            cards=[],
            digest="d",
            rule=text,
            expires_at=0,
        ),
    ]
    assert not any(text in event for event in events)
    assert all(event.isprintable() for event in events)


def test_spelled_out_text_cannot_be_imitated() -> None:
    assert visible("\u202e") == "\\u202e"
    assert visible("\\u202e") == "\\\\u202e"


def test_a_long_line_is_cut_and_the_event_is_not() -> None:
    event = parse_event({**BASE, "type": "run_finished", "output": "x" * 5_000})
    assert len(str(event)) < 300
    assert event.model_dump()["output"] == "x" * 5_000


def test_an_event_is_read_from_text_too() -> None:
    event = parse_event(b'{"type": "run_resumed", "run_id": "r", "at": 0, "position": ""}')
    assert (event.type, event.seq, event.tenant) == ("run_resumed", None, None)


@pytest.mark.parametrize(
    "written",
    [
        {**BASE, "type": "run_restarted"},
        {**BASE},
        {**BASE, "type": "run_resumed", "extra": 1},
        {"type": "run_resumed"},
        3,
    ],
)
def test_what_is_no_event_is_refused(written: Any) -> None:
    with pytest.raises(ValueNotJson, match="not an event"):
        parse_event(written)


def test_an_event_is_frozen() -> None:
    event: Any = parse_event({**CALLED, "arguments": {}})
    assert isinstance(event, ToolCalled)
    with pytest.raises(ValueError, match="frozen"):
        event.tool = "other"
