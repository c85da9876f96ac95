"""Pieces of answers: seen by whoever listens, in their place, and kept by nobody."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from flowai import CallModel, Do, Models, gather, program
from flowai.events import Event, TextDelta, ThinkingDelta
from flowai.interpreters import Eval, Live, Test
from flowai.interpreters.run import Run
from flowai_harness import Says, Thinks
from tests.live.server import Asked, Reply, Server, serving

LONG = "All happy families are alike; each unhappy family is unhappy in its own way."


def live(server: Server) -> Live[Any]:
    return Live(providers={"anthropic": {"baseUrl": server.url, "maxRetries": 1}})


async def listened(run: Run[Any]) -> list[Event]:
    return [event async for event in run]


def text_of(seen: Sequence[Event], kind: type[TextDelta | ThinkingDelta] = TextDelta) -> str:
    return "".join(event.text for event in seen if isinstance(event, kind))


def test_pieces_come_between_question_and_answer_and_are_not_kept() -> None:
    with serving([Reply(LONG, thinking="Tolstoy?")]) as server:
        run = live(server).begin(CallModel("claude-x", prompt="Begin."))
        seen = asyncio.run(listened(run))
    kinds = [event.type for event in seen]
    assert text_of(seen) == LONG
    assert text_of(seen, ThinkingDelta) == "Tolstoy?"
    assert kinds.index("model_called") < kinds.index("thinking_delta") < kinds.index("text_delta")
    assert max(index for index, kind in enumerate(kinds) if kind == "text_delta") < kinds.index("model_answered")
    lasting = [event for event in seen if event.seq is not None]
    assert lasting == run.events
    assert [event.seq for event in lasting] == list(range(1, len(lasting) + 1))
    assert "delta" not in run.recording.to_json()


def test_several_readers_each_hear_everything() -> None:
    async def both() -> list[list[Event]]:
        run = live(server).begin(CallModel("claude-x", prompt="Begin."))
        return list(await asyncio.gather(listened(run), listened(run)))

    with serving([Reply(LONG)]) as server:
        one, other = asyncio.run(both())
    assert text_of(one) == text_of(other) == LONG


def test_who_comes_late_hears_what_was_said_so_far() -> None:
    async def late() -> list[Event]:
        run = live(server).begin(CallModel("claude-x", prompt="Begin."))
        early = aiter(run)
        while (await anext(early)).type != "text_delta":
            pass
        found: list[Event] = []
        async for event in run:
            found.append(event)
            if event.type == "text_delta":
                break
        run.cancel()
        return found

    with serving([Reply(LONG, hangs=True)]) as server:
        seen = asyncio.run(late())
    assert [event.type for event in seen] == ["run_started", "model_called", "text_delta"]
    assert text_of(seen)
    assert LONG.startswith(text_of(seen))


async def behind(server: Server, has_begun: threading.Event) -> list[Event]:
    """Take one event before the model answers, and the rest when the run is over."""
    run = live(server).begin(CallModel("claude-x", prompt="Begin."))
    reader = aiter(run)
    seen = [await anext(reader)]
    has_begun.set()
    await run
    return seen + [event async for event in reader]


def test_a_reader_who_is_slow_finds_pieces_joined() -> None:
    has_begun = threading.Event()

    def answer(_: Asked) -> Reply:
        has_begun.wait()
        return Reply(LONG * 50)

    with serving(answer) as server:
        seen = asyncio.run(behind(server, has_begun))
    assert text_of(seen) == LONG * 50
    assert len([event for event in seen if event.type == "text_delta"]) == 1


def test_a_reader_who_never_reads_costs_no_more_than_a_bound() -> None:
    has_begun = threading.Event()

    def answer(_: Asked) -> Reply:
        has_begun.wait()
        return Reply(LONG * 50_000)

    with serving(answer) as server:
        seen = asyncio.run(behind(server, has_begun))
    assert len(LONG * 50_000) > 3_500_000
    assert len(text_of(seen)) <= 4 * 1024 * 1024
    (answered,) = [event for event in seen if event.type == "model_answered"]
    assert answered.text == LONG * 50_000


def test_a_retry_voids_what_was_shown() -> None:
    with serving([Reply(LONG, breaks=True), Reply("Again.")]) as server:
        seen = asyncio.run(listened(live(server).begin(CallModel("claude-x", prompt="Begin."))))
    kinds = [event.type for event in seen if event.type in ("text_delta", "model_retried", "model_answered")]
    assert kinds[0] == "text_delta"
    assert kinds[-3:] == ["model_retried", "text_delta", "model_answered"]
    last = [event for event in seen if event.type == "text_delta"][-1]
    assert (last.text, last.attempt) == ("Again.", 2)


@program
def two() -> Do[Models, list[str]]:
    said = yield from gather(CallModel("claude-x", prompt="one"), CallModel("claude-x", prompt="two"))
    return list(said)


def test_parallel_answers_are_told_apart_by_position() -> None:
    def answer(asked: Any) -> Reply:
        return Reply(f"{asked.messages[0]['text']}: {LONG}")

    with serving(answer) as server:
        seen = asyncio.run(listened(live(server).begin(two())))
    for answered in (event for event in seen if event.type == "model_answered"):
        mine = [event for event in seen if event.position == answered.position and event.type == "text_delta"]
        assert text_of(mine) == answered.text


def test_a_replay_tells_the_lasting_events_only() -> None:
    with serving([Reply(LONG)]) as server:
        recorded = Eval(live(server)).run(CallModel("claude-x", prompt="Begin."))
    again = Eval(Live()).replay(recorded.recording).begin(CallModel("claude-x", prompt="Begin."))
    seen = asyncio.run(listened(again))
    told = [[event.model_dump(exclude={"at"}) for event in events] for events in (seen, recorded.events, again.events)]
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("deltas", [True, False])
def test_a_script_is_shown_in_pieces_to_who_asks_for_them(*, deltas: bool) -> None:
    test = Test(script=[Thinks("who wrote it") + Says(LONG)], deltas=deltas)
    run = test.begin(CallModel("m", prompt="Begin."))
    seen = asyncio.run(listened(run))
    assert (text_of(seen), text_of(seen, ThinkingDelta)) == ((LONG, "who wrote it") if deltas else ("", ""))
    assert len([event for event in seen if event.type == "text_delta"]) == (len(LONG.split()) if deltas else 0)
    plain = Test(script=[Thinks("who wrote it") + Says(LONG)]).run(CallModel("m", prompt="Begin."))
    assert [event for event in seen if event.seq is not None] == run.events == plain.events
