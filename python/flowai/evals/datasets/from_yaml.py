"""Datasets in YAML: a list of cases, or a mapping with `cases`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowai.errors import Fault, SpecError
from flowai.evals.datasets.from_json import KEEP_ONE, TOO_DEEP
from flowai.evals.datasets.rows import Rows, Written, cases_of

HINT_YAML = "install `flowai-harness[evals]`, or write the dataset as JSON"
TIMES = "tag:yaml.org,2002:timestamp"


def read_yaml(text: str, file: str) -> Rows:
    """Read a list of cases, or a mapping with `cases`; what looks like a date is text, as it is in JSON.

    Raises:
        SpecError: it is no YAML, or PyYAML is not installed.
    """
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise SpecError("YAML cannot be read here: PyYAML is not installed", where=file, hint=HINT_YAML) from error
    loader = _loader(yaml.SafeLoader)
    try:
        whole: Any = yaml.load(text, Loader=loader)  # noqa: S506 — it is the safe loader, without dates
        node: Any = yaml.compose(text, Loader=loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        problem = TOO_DEEP if isinstance(error, RecursionError) else getattr(error, "problem", None) or str(error)
        raise SpecError(f"this is no YAML: {problem}", where=f"{file}:{line}") from error
    cases, name = cases_of(whole, file)
    nodes: list[Any] = node.value if isinstance(whole, list) else _value_of(node, "cases").value
    rows = [Written(_line(each), row, _field_lines(each)) for row, each in zip(cases, nodes, strict=True)]
    return Rows(rows, name, tuple(_written_twice(node, file)))


def _loader(safe: Any) -> Any:
    """Return the safe loader without dates: nothing that a run says or is told has a type of its own for them."""
    resolvers: dict[str, list[Any]] = {
        letter: [each for each in found if each[0] != TIMES] for letter, found in safe.yaml_implicit_resolvers.items()
    }
    return type("Loader", (safe,), {"yaml_implicit_resolvers": resolvers})


def _written_twice(node: Any, file: str) -> Iterator[Fault]:
    """Find fields, at any depth, that YAML would let the last one win of."""
    left, known = [node], set[int]()
    while left:
        here = left.pop()
        if id(here) in known or here.id == "scalar":
            continue
        known.add(id(here))
        if here.id == "sequence":
            left += here.value
            continue
        seen: set[str] = set()
        for key, value in here.value:
            if key.id == "scalar" and key.value in seen:
                yield Fault(f"{file}:{_line(key)}: {key.value}", "the field is there twice", KEEP_ONE)
            seen.add(str(key.value))
            left.append(value)


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _value_of(node: Any, key: str) -> Any:
    # The last one, as in the value that was read; that it is there twice is told.
    return next(value for name, value in reversed(node.value) if name.value == key)


def _field_lines(node: Any) -> dict[str, int]:
    pairs: list[Any] = node.value if node.id == "mapping" else []
    return {str(key.value): _line(key) for key, _ in pairs}
