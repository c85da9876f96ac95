"""The samples that Rust reads too: Python writes them and reads them back unchanged."""

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

import flowai.effects
from flowai.events import Event, parse_event
from tests.vocabulary.made import EFFECTS, SPECS, effect_json

HERE = Path(__file__).parent


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (HERE / folder).glob("*.json"))


def sample(folder: str, name: str) -> Any:
    return json.loads((HERE / folder / f"{name}.json").read_text(encoding="utf-8"))


def test_every_event_has_a_sample() -> None:
    kinds = get_args(get_args(Event)[0])
    assert names("events") == sorted(kind.model_fields["type"].default for kind in kinds)


@pytest.mark.parametrize("name", names("events"))
def test_an_event_comes_back_unchanged(name: str) -> None:
    written = sample("events", name)
    event = parse_event(written)
    assert event.type == name
    assert event.model_dump(mode="json") == written
    assert json.loads(event.model_dump_json()) == written
    assert str(event).isprintable()


def test_every_spec_has_a_sample() -> None:
    assert names("specs") == sorted(SPECS)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_a_spec_is_written_as_its_sample(name: str) -> None:
    assert json.loads(json.dumps(SPECS[name])) == sample("specs", name)


@pytest.mark.parametrize("name", ["tool", "tool_with_references"])
def test_the_schema_of_a_tool_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(sample("specs", name)["parameters"])


def test_every_effect_has_a_sample() -> None:
    assert names("effects") == sorted(EFFECTS)
    asked = {effect.kind for effect, _ in EFFECTS.values()}
    public = {name for name in flowai.effects.__all__ if _is_effect(getattr(flowai.effects, name))}
    assert asked == public


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_an_effect_is_written_as_its_sample(name: str) -> None:
    effect, answer = EFFECTS[name]
    written = sample("effects", name)
    assert json.loads(json.dumps(effect_json(effect, answer))) == written
    assert effect.codec.decode(written["answer"]) == answer


def _is_effect(value: object) -> bool:
    base = flowai.effects.Effect
    return isinstance(value, type) and issubclass(value, base) and value is not base
