"""A dataset: cases under one name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import Fault, SpecError
from flowai.evals.case import TestCase, define_test_case
from flowai.evals.datasets.from_csv import read_csv
from flowai.evals.datasets.from_json import read_json, read_jsonl
from flowai.evals.datasets.from_yaml import read_yaml
from flowai.evals.datasets.rows import Rows, Written, strangers
from flowai.evals.toolcall import ToolCall
from flowai.specs.names import did_you_mean

if TYPE_CHECKING:
    from flowai.evals.datasets.row import CaseRow

READERS: dict[str, Callable[[str, str], Rows]] = {
    ".yaml": read_yaml,
    ".yml": read_yaml,
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".csv": read_csv,
}


@dataclass(frozen=True, repr=False)
class Dataset:
    """Cases under one name, each id once.

    Raises:
        SpecError: two cases have the same id.

    Example:
        >>> Dataset("greetings", (define_test_case("hello", "Say hello"),)).ids
        ('hello',)
    """

    name: str
    cases: tuple[TestCase, ...]
    folder: Path = field(default_factory=Path)
    """Where files that cases name are looked for."""

    def __post_init__(self) -> None:
        """Refuse cases that reports could not tell apart."""
        twice = [case_id for case_id, count in Counter(self.ids).items() if count > 1]
        if twice:
            faults = [Fault(f"dataset `{self.name}`", f"two cases are called `{each}`") for each in twice]
            raise SpecError(faults, hint="give each case a name of its own")

    @property
    def ids(self) -> tuple[str, ...]:
        """The names of the cases."""
        return tuple(case.id for case in self.cases)

    def __iter__(self) -> Iterator[TestCase]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)

    def __repr__(self) -> str:
        return f"<dataset `{self.name}` with {len(self.cases)} cases>"

    def tagged(self, *tags: str) -> Dataset:
        """Return the cases that have one of the tags."""
        kept = tuple(case for case in self.cases if set(tags) & set(case.tags))
        return Dataset(self.name, kept, self.folder)


def load_dataset(path: str | Path) -> Dataset:
    """Read a dataset from a YAML, JSON, JSONL or CSV file.

    Raises:
        SpecError: listing every row that does not fit the schema, with file, line and field.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "cases.jsonl"
        >>> _ = path.write_text('{"id": "hello", "prompt": "Say hello", "expected_trajectory": ["greet"]}')
        >>> load_dataset(path).cases[0].expected_trajectory[0].name
        'greet'
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise SpecError(f"`{path.name}` is no dataset", hint=f"write one of {', '.join(READERS)}")
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets begin a file with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"`{path}` cannot be read: {error}", hint="name a file of cases in UTF-8") from error
    rows = reader(text, path.name)
    return Dataset(rows.name or path.stem, _cases(rows, path.name), path.parent)


def _cases(rows: Rows, file: str) -> tuple[TestCase, ...]:
    faults: list[Fault] = [*rows.faults, *_twice(rows.rows, file)]
    cases = [_case(written, file, faults) for written in rows.rows]
    if faults:
        raise SpecError(sorted(faults, key=_line_of))
    return tuple(case for case in cases if case is not None)


def _twice(rows: Iterable[Written], file: str) -> Iterator[Fault]:
    lines: dict[str, int] = {}
    for written in rows:
        row: object = written.row
        case_id = cast("dict[str, object]", row).get("id") if isinstance(row, dict) else None
        if not isinstance(case_id, str):
            continue
        if case_id in lines:
            message = f"`{case_id}` is the id of the case in line {lines[case_id]} too"
            yield Fault(f"{file}:{written.line_of('id')}: id", message, "give each case a name of its own")
        lines.setdefault(case_id, written.line)


def _line_of(fault: Fault) -> int:
    return int(re.findall(r":(\d+)", fault.where)[0])


def _case(written: Written, file: str, faults: list[Fault]) -> TestCase | None:
    from pydantic import ValidationError

    from flowai.evals.datasets.row import CaseRow

    strange = dict(strangers(written.row))
    faults += [_strange(path, reason, written, file) for path, reason in strange.items()]
    try:
        return case_of(CaseRow.model_validate(written.row))
    except ValidationError as error:
        faults += [fault for fault in _told(error, written, file) if fault.where.rpartition(": ")[2] not in strange]
    except SpecError as error:
        faults += [Fault(f"{file}:{written.line}: {each.where}", each.message, each.hint) for each in error.faults]
    return None


def _strange(path: str, reason: str, written: Written, file: str) -> Fault:
    return Fault(f"{file}:{written.line_of(path.partition('.')[0])}: {path}".rstrip(": "), reason)


def case_of(row: CaseRow) -> TestCase:
    """Return the case of a row."""
    from flowai.evals.datasets.script import testing_of

    steps = row.expected_trajectory
    return define_test_case(
        row.id,
        row.prompt,
        agent=row.agent,
        expected_trajectory=None
        if steps is None
        else [each if isinstance(each, str) else ToolCall(each.name, each.arguments) for each in steps],
        expected_actions=row.expected_actions,
        expected_response=row.expected_response,
        before=row.before,
        tags=row.tags,
        testing=testing_of(row),
        recording=row.recording,
        metadata=row.metadata,
    )


def _told(error: Any, written: Written, file: str) -> Iterator[Fault]:
    told = {_path(each["loc"]): each for each in reversed(error.errors(include_url=False))}
    for path, each in reversed(told.items()):
        if any(other.startswith(f"{path}.") or (not path and other) for other in told):
            # A value that fits none of several forms is told by the form that it comes closest to.
            continue
        field_name = str(each["loc"][0]) if each["loc"] else ""
        where = f"{file}:{written.line_of(field_name)}: {path}".rstrip(": ")
        if each["type"] == "extra_forbidden":
            yield Fault(where, "there is no such field", did_you_mean(str(each["loc"][-1]), _fields_of(each["loc"])))
        elif each["type"] == "model_type":
            yield Fault(where, "this is no object", 'write `{"id": ..., "prompt": ...}`' if not path else None)
        else:
            yield Fault(where, each["msg"][:1].lower() + each["msg"][1:])


def _fields_of(place: tuple[str | int, ...]) -> list[str]:
    """Return the fields of the model in which a place is."""
    from flowai.evals.datasets import row

    models = [getattr(row, str(each)) for each in place[:-1] if each in MODELS]
    return list((models[-1] if models else row.CaseRow).model_fields)


MODELS = ("StepRow", "Called", "Turn", "DecisionRow")
"""Names of types that stand in the places of pydantic."""


def _path(place: tuple[str | int, ...]) -> str:
    """Write a place as a person would; names of types, which pydantic adds, are left out."""
    types = {"str", "constrained-str", "literal", "list", "dict", *MODELS}
    return ".".join(
        str(each) for each in place if isinstance(each, int) or (each not in types and not TYPE.search(each))
    )


TYPE = re.compile(r"[\[\],]")
"""What only names of types have."""
