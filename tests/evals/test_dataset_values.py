"""What files may hold that no run could be asked or answered, and what they mean where formats would guess."""

from pathlib import Path

import pytest

from flowai.errors import SpecError
from flowai.evals import Dataset, load_dataset

ROW = '"id": "a", "prompt": "p"'
DEEP = "[" * 100_000


def loaded(folder: Path, name: str, text: str) -> Dataset:
    (folder / name).write_text(text, encoding="utf-8")
    return load_dataset(folder / name)


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        (
            "a.json",
            f'[{{{ROW}, "expected_response": NaN}}]',
            "1: expected_response: NaN and infinity have no JSON form",
        ),
        ("a.jsonl", f'{{{ROW}, "metadata": {{"x": [1e999]}}}}', "1: metadata.x.0: NaN and infinity have no JSON form"),
        ("a.jsonl", '{"id": "a", "prompt": "\\ud800"}', "1: prompt: a lone surrogate has no JSON form"),
        ("a.yaml", "- id: a\n  prompt: p\n  expected_response: .nan", "3: expected_response: NaN and infinity have no"),
        ("a.yaml", "- {id: a, prompt: p, metadata: {x: !!binary aGk=}}", "1: metadata.x: a `bytes` has no JSON form"),
        ("a.yaml", "- {id: a, prompt: p, metadata: &m {self: *m}}", "1: metadata: this is nested deeper than"),
        ("a.json", f'[{{{ROW}}},\n{{{ROW.replace("a", "b", 1)}, "id": "c"}}]', "2: id: the field is there twice"),
        ("a.jsonl", f'{{{ROW}, "metadata": {{"x": 1, "x": 2}}}}', "1: x: the field is there twice"),
        ("a.yaml", "- {id: a, prompt: p,\n   metadata: {x: 1, x: 2}}", "2: x: the field is there twice"),
        ("a.json", f'{{"cases": [{{{ROW}}}], "cases": []}}', "1: the field `cases` is there twice"),
        ("a.yaml", "cases: [{id: a, prompt: p}]\ncases: []", "2: cases: the field is there twice"),
        ("a.json", f'{{"name": 5, "cases": [{{{ROW}}}]}}', " name: `name` is no text"),
        ("a.yaml", "name: [x]\ncases: [{id: a, prompt: p}]", " name: `name` is no text"),
        ("a.json", DEEP, "1: this is no JSON: it is nested too deep"),
        ("a.jsonl", DEEP, "1: this is no JSON: it is nested too deep"),
        ("a.yaml", "- " * 5_000, "1: this is no YAML: it is nested too deep"),
        ("a.yaml", "- {id: a, prompt: !!timestamp 2024-13-45}", "1: this is no YAML: month must be in 1..12"),
        ("a.csv", "id,prompt,id\na,p,b\n", "1: two columns are called `id`"),
        ("a.csv", 'id,prompt\na,"open\n', "2: this is no CSV: unexpected end of data"),
        ("a.csv", f"id,prompt\na,{'x' * 200_000}\n", "2: this is no CSV: field larger than field limit (131072)"),
        (
            "a.json",
            f'[{{{ROW}, "expected_trajectory": [""]}}]',
            "1: expected_trajectory.0: string should have at least",
        ),
    ],
)
def test_what_no_run_can_hold_is_a_fault_with_its_line_and_field(
    tmp_path: Path, name: str, text: str, fault: str
) -> None:
    with pytest.raises(SpecError) as caught:
        loaded(tmp_path, name, text)
    assert any(str(each).startswith(f"{name}:{fault}") for each in caught.value.faults), str(caught.value)


def test_ends_of_lines_inside_texts_are_no_ends_of_rows(tmp_path: Path) -> None:
    text = '{"id": "a", "prompt": "one\u2028two\x85three"}\n{"id": "b", "prompt": "x"}\n'
    assert [case.prompt for case in loaded(tmp_path, "a.jsonl", text)] == ["one\u2028two\x85three", "x"]


def test_what_looks_like_a_date_is_text_as_it_is_in_json(tmp_path: Path) -> None:
    text = "- {id: a, prompt: p, expected_response: 2024-01-01}\n- {id: b, prompt: p, expected_response: 2024-13-45}\n"
    assert [case.expected_response for case in loaded(tmp_path, "a.yaml", text)] == ["2024-01-01", "2024-13-45"]


def test_cells_of_texts_are_text_whatever_they_begin_with(tmp_path: Path) -> None:
    first, second = loaded(tmp_path, "a.csv", "id,prompt,expected_trajectory\n[1],{},find;\nb,[2],[]\n")
    assert (first.id, first.prompt, second.prompt) == ("[1]", "{}", "[2]")
    assert [step.name for step in first.expected_trajectory or ()] == ["find"]
