"""Results as build servers read them: JUnit XML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from flowai.evals.runs.results import EvalResults
    from flowai.evals.runs.sample import Sample

UNWRITABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


def save_junit(results: EvalResults, path: Path, passing: float = 1.0) -> None:
    """Write a report: a case for each sample, failed below `passing`, an error where it has one."""
    suite = ET.Element("testsuite", name=_written(results.dataset), tests=str(len(results)))
    failures = 0
    for sample in results:
        failures += _add(suite, results.dataset, sample, passing)
    suite.set("failures", str(failures))
    suite.set("errors", str(len(results.errors)))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    root = ET.Element("testsuites")
    root.append(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _add(suite: ET.Element, dataset: str, sample: Sample, passing: float) -> int:
    name = sample.case_id if sample.repeat == 1 else f"{sample.case_id}#{sample.repeat}"
    case = ET.SubElement(suite, "testcase", classname=_written(dataset), name=_written(name))
    if sample.error is not None:
        error = ET.SubElement(case, "error", type=_written(sample.error.kind), message=_written(sample.error.message))
        error.text = _written(str(sample.error))
    elif sample.aggregate is None:
        ET.SubElement(case, "skipped", message="every score is missing")
    elif sample.aggregate < passing:
        message = f"aggregate {sample.aggregate:.3f}, and {passing:g} passes"
        ET.SubElement(case, "failure", message=message).text = _written(str(sample))
        return 1
    return 0


def _written(text: str) -> str:
    return UNWRITABLE.sub("\ufffd", text)
