"""Approval rules, durations and history bounds as users write them."""

from datetime import timedelta
from typing import Any

import pytest

from flowai.errors import SpecError
from flowai.specs.history import to_history
from flowai.specs.rule import to_milliseconds, to_rule
from flowai.specs.tenant import define_tenant


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("always", "always"),
        ("never", "never"),
        ({"ask": "always"}, "always"),
        ({"ask": "always", "expires_in": timedelta(hours=1)}, {"ask": "always", "expires_in_ms": 3_600_000}),
        ({"when": " args.n > 1 "}, {"when": "args.n > 1", "expires_in_ms": None}),
        ({"when": "true", "expires_in": "7d"}, {"when": "true", "expires_in_ms": 604_800_000}),
    ],
)
def test_a_rule_has_one_normal_form(written: Any, normal: Any) -> None:
    assert to_rule(written).to_json() == normal
    assert to_rule(to_rule(written)) == to_rule(written)


@pytest.mark.parametrize(
    "written",
    [
        "allways",
        "",
        None,
        True,
        {},
        {"when": ""},
        {"when": 1},
        {"when": "true", "ask": "always"},
        {"wen": "true"},
        {"ask": "maybe"},
        {"ask": "never", "expires_in": 3},
        {"when": "true", "expires_in": "soon"},
        {"when": "true", "expires_in": -1},
        {"when": "true", "expires_in": True},
    ],
)
def test_what_is_no_rule_never_means_do_not_ask(written: Any) -> None:
    with pytest.raises(SpecError):
        to_rule(written)


def test_durations_are_read_in_every_spelling() -> None:
    spellings = ["90s", "1.5m", 90, 90.0, timedelta(seconds=90), "90000ms"]
    assert {to_milliseconds(each) for each in spellings} == {90_000}


@pytest.mark.parametrize(
    "written", [{}, {"turns": 0}, {"turn": 3}, {"turns": 1, "tokens": 2}, 3, "all", {"turns": True}]
)
def test_a_history_is_one_bound_above_zero(written: Any) -> None:
    with pytest.raises(SpecError, match="`history` is"):
        to_history(written)


@pytest.mark.parametrize("text", ["", " acme", "ac\nme", "x" * 129, None, "a\u202eb"])
def test_a_tenant_has_a_readable_id(text: Any) -> None:
    with pytest.raises(SpecError, match="`id` is"):
        define_tenant(text, "v1")
