"""Events made from what the core tells are those that a checked reading gives."""

import json
from pathlib import Path

import pytest

from flowai.events import parse_event
from flowai.events.construct import event_of

SAMPLES = sorted((Path(__file__).parents[1] / "vocabulary" / "events").glob("*.json"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_made_event_equals_a_checked_one(sample: Path) -> None:
    checked = parse_event(sample.read_text())
    made = event_of(json.loads(checked.model_dump_json()))
    assert made == checked
    assert (str(made), made.model_dump_json()) == (str(checked), checked.model_dump_json())
