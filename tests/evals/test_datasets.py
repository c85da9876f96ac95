"""Datasets in every format, and everything that is wrong with them at once."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flowai.errors import SpecError
from flowai.evals import Dataset, define_test_case, json_schema, load_dataset, run_eval
from tests.evals import shop

ROWS: list[dict[str, Any]] = [
    {
        "id": "order",
        "prompt": "Order three red ones",
        "agent": "clerk",
        "expected_trajectory": ["find", {"name": "order", "arguments": {"sku": {"$any": True}, "units": 3}}],
        "expected_response": "ordered 3",
        "tags": ["write"],
        "decisions": ["approve"],
        "script": [
            {"calls": {"name": "find", "arguments": {"query": "red"}}},
            {"calls": {"name": "order", "arguments": {"sku": "red-1", "units": 3}}},
            {"says": "ordered 3"},
        ],
    },
    {"id": "hello", "prompt": "Say hello", "agent": "clerk", "expected_trajectory": [], "mock_response": "hello"},
]
YAML = """\
name: shop
cases:
  - id: order
    prompt: Order three red ones
    agent: clerk
    expected_trajectory: [find, {name: order, arguments: {sku: {$any: true}, units: 3}}]
    expected_response: ordered 3
    tags: [write]
    decisions: [approve]
    script:
      - calls: {name: find, arguments: {query: red}}
      - calls: {name: order, arguments: {sku: red-1, units: 3}}
      - says: ordered 3
  - {id: hello, prompt: Say hello, agent: clerk, expected_trajectory: [], mock_response: hello}
"""
CELL = json.dumps([*ROWS[0]["script"][:2], "ordered 3"]).replace('"', '""')
CSV = f"""\
id,prompt,agent,expected_trajectory,mock_response,script,decisions,tags
order,Order three red ones,clerk,find; order,,"{CELL}",approve,write; slow
hello,Say hello,clerk,[],hello,,,
"""
FILES = {
    "shop.yaml": YAML,
    "shop.json": json.dumps({"name": "shop", "cases": ROWS}, indent=2),
    "list.json": json.dumps(ROWS),
    "shop.jsonl": "\n".join(map(json.dumps, ROWS)) + "\n\n",
    "shop.csv": CSV,
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_holds_cases_that_run(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FILES[name], encoding="utf-8")
    dataset = load_dataset(path)
    assert (dataset.name, dataset.ids) == (path.stem, ("order", "hello"))
    assert dataset.tagged("write").ids == ("order",)
    found = run_eval(dataset, shop.runtime())
    assert (found.mean(), found.errors) == (1.0, [])


@pytest.mark.parametrize(
    ("name", "text", "faults"),
    [
        (
            "a.yaml",
            "- id: a\n  prompt: 3\n- id: a\n  promt: hi\n  prompt: hi\n- id: b\n  prompt: x\n  before: [[0, 1]]\n",
            [
                "a.yaml:2: prompt: input should be a valid string",
                "a.yaml:3: id: `a` is the id of the case in line 1 too",
                "a.yaml:4: promt: there is no such field (did you mean `prompt`?)",
                "a.yaml:6: test case `b`: `before` has (0, 1), and the trajectory has 0 steps",
            ],
        ),
        (
            "a.json",
            '{"cases": [\n {"id": "a", "prompt": "x"},\n {"id": "a", "prompt": "x"},\n {"id": "", "prompt": "x"}\n]}',
            [
                "a.json:3: id: `a` is the id of the case in line 2 too (give each case a name of its own)",
                "a.json:4: id: string should have at least 1 character",
            ],
        ),
        (
            "a.jsonl",
            '{"id": "a", "prompt": "x"}\n{"id"\n3\n',
            ["a.jsonl:2: this is no JSON: ", "a.jsonl:3: this is no object"],
        ),
        ("b.jsonl", '{"id": "a"}\n', ["b.jsonl:1: prompt: field required"]),
        ("a.csv", "id,prompt,decisions\na,x,maybe\n", ["a.csv:2: decisions.0: input should be 'approve' or 'reject'"]),
        ("b.csv", "id,prompt\na,x,y\n", ["b.csv:2: the row has more cells than the header"]),
        ("c.json", '{"cases": 3}', ["c.json: the dataset has no list of cases"]),
        ("d.json", '{"case": []}', ["d.json: unknown field `case`"]),
        ("e.json", '{\n"cases": [,]}', ["e.json:2: this is no JSON: "]),
        ("f.yaml", "- id: [\n", ["f.yaml:2: this is no YAML: "]),
        ("g.toml", "", ["`g.toml` is no dataset"]),
    ],
)
def test_what_is_wrong_is_told_at_once_with_file_line_and_field(
    tmp_path: Path, name: str, text: str, faults: list[str]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_dataset(tmp_path / name)
    told = [str(fault) for fault in caught.value.faults]
    assert len(told) == len(faults), told
    assert [each[: len(fault)] for each, fault in zip(told, faults, strict=True)] == faults


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        load_dataset(tmp_path / "none.yaml")


def test_the_schema_for_editors_is_the_one_that_is_checked() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"name": "shop", "cases": ROWS}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"cases": [{"id": "a", "promt": "x"}]}, schema)


def test_python_makes_datasets_too() -> None:
    assert Dataset("d", (define_test_case("a", "x"),)).ids == ("a",)
