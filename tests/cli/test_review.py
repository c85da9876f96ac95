"""Who answers for a write in doubt on the command line."""

import asyncio
from typing import Any

import pytest
from rich.console import Console

from flowai.cli import review
from flowai.events import ApprovalRequired
from flowai_harness import Failed, Happened, Reject, RunAgain

DOUBT = ApprovalRequired(
    seq=1,
    run_id="r",
    at=0,
    position="0",
    approval_id="approval_1",
    kind="in_doubt",
    title="did send happen? nobody saw it end",
    subject={"tool": "send", "arguments": {"row": 1}, "plan_id": None, "action": None, "idempotency_key": "r:0"},
    cards=[{"row": 1}],
    digest="d",
    rule="a write in doubt always asks",
    expires_at=1,
)


def test_yes_to_all_does_not_claim_to_know_what_became_of_a_write() -> None:
    decided = asyncio.run(review.YesToAll(Console(quiet=True)).decide(DOUBT))
    assert isinstance(decided, Failed)
    assert isinstance(asyncio.run(review.Nobody(Console(quiet=True)).decide(DOUBT)), Reject)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("happened", Happened()),
        ("run_again", RunAgain()),
        ("failed", Failed("not there")),
        (None, Failed("nobody answered")),
    ],
)
def test_a_person_says_what_became_of_a_write(chosen: Any, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    offered: list[Any] = []

    async def choose(_console: Console, _question: str, choices: Any) -> Any:
        offered.extend(choices)
        return chosen

    async def ask(_console: Console, _question: str) -> str:
        return "not there"

    monkeypatch.setattr(review, "choose", choose)
    monkeypatch.setattr(review, "ask", ask)
    assert asyncio.run(review.Person(Console(quiet=True)).decide(DOUBT)) == expected
    # An empty line means the first: it must never mean that something happened.
    assert offered[0] == "failed"
