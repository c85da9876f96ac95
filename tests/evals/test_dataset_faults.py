"""Everything that is wrong in a dataset is told at once, however wrong the rows before it are."""

from pathlib import Path

import pytest

from flowai.errors import SpecError
from flowai.evals import load_dataset

YAML = """\
cases:
  - id: order
    promt: x
    expected_trajectory: [{nam: find}, 3]
  - id: order
    prompt: y
    prompt: z
    decisions: [aprove, {decision: maybe}]
    script:
      - cals: {name: find}
      - calls: {nam: find}
"""
NO_JSON = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
JSONL = '{"id": "a", "prompt": "x"}\n{bad\n[1]\n{"id": "a"}\n{"id": 1, "prompt": "x"}\n'
CSV = "id,prompt,expected_trajectory\na,hello,find;order\nb,,x\nc,hey,[bad\nd,x,y,z\n"


@pytest.mark.parametrize(
    ("name", "text", "faults"),
    [
        (
            "a.yaml",
            YAML,
            [
                "2: prompt: field required",
                "3: promt: there is no such field (did you mean `prompt`?)",
                "4: expected_trajectory.0.name: field required",
                "4: expected_trajectory.0.nam: there is no such field (did you mean `name`?)",
                "4: expected_trajectory.1: input should be a valid string",
                "5: id: `order` is the id of the case in line 2 too (give each case a name of its own)",
                "7: prompt: the field is there twice (keep one of them)",
                "8: decisions.0: input should be 'approve' or 'reject'",
                "8: decisions.1.decision: input should be 'approve' or 'reject'",
                "9: script.0.cals: there is no such field (did you mean `calls`?)",
                "9: script.1.calls.name: field required",
                "9: script.1.calls.nam: there is no such field (did you mean `name`?)",
            ],
        ),
        (
            "a.jsonl",
            JSONL,
            [
                f"2: this is no JSON: {NO_JSON} (write one object a line)",
                '3: this is no object (write `{"id": ..., "prompt": ...}`)',
                "4: id: `a` is the id of the case in line 1 too (give each case a name of its own)",
                "4: prompt: field required",
                "5: id: input should be a valid string",
            ],
        ),
        (
            "a.csv",
            CSV,
            [
                "3: prompt: field required",
                "4: expected_trajectory: input should be a valid list",
                "5: the row has more cells than the header (quote cells that hold commas)",
            ],
        ),
    ],
    ids=["yaml", "jsonl", "csv"],
)
def test_no_fault_hides_another(tmp_path: Path, name: str, text: str, faults: list[str]) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_dataset(tmp_path / name)
    assert [str(fault) for fault in caught.value.faults] == [f"{name}:{fault}" for fault in faults]


@pytest.mark.parametrize(("name", "text"), [("a.csv", "id,prompt\na,x\n"), ("a.jsonl", '{"id": "a", "prompt": "x"}\n')])
def test_the_mark_with_which_spreadsheets_begin_a_file_is_no_part_of_it(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_dataset(tmp_path / name).ids == ("a",)
