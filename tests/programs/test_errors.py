"""Errors say what is wrong, advise, and travel."""

from __future__ import annotations

import inspect
import pickle

import pytest

from flowai import errors
from flowai.errors import Cancelled, Fault, FlowaiError, SpecError, ThreadBusy, ToolFailed, ValueNotJson

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, FlowaiError)]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_has_one_shape_and_pickles(kind: type[FlowaiError]) -> None:
    error = kind("it broke", hint="mend it", run_id="r1")
    assert str(error) == "it broke\nhint: mend it"
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (kind, str(error), vars(error))


def test_structured_parts_travel() -> None:
    for error in (ToolFailed("x", tool="t"), ValueNotJson("x", path="$"), ThreadBusy("x", approvals=["a"])):
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def test_a_spec_error_lists_every_fault() -> None:
    error = SpecError([Fault("agent `a`", "is missing", "add it"), Fault("", "is odd")])
    assert str(error) == "2 faults\n  agent `a`: is missing (add it)\n  is odd"
    assert pickle.loads(pickle.dumps(error)).faults == error.faults
    assert str(SpecError([Fault("a", "b", "c")])) == "a: b\nhint: c"


def test_a_cancel_is_no_exception() -> None:
    assert not issubclass(Cancelled, Exception)
