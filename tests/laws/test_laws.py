"""Every interpreter keeps every law."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from flowai.laws import Law, Subject
from tests.laws.subjects import cases

if TYPE_CHECKING:
    from flowai.laws.law import Factory

IS_THOROUGH = os.environ.get("FLOWAI_LAWS") == "thorough"
EXAMPLES = 500 if IS_THOROUGH else 30
DEPTH = 20_000
CASES = [pytest.param(factory, law, id=f"{law.number:02}-{law.name}-{name}") for name, factory, law in cases()]


@pytest.mark.parametrize(("factory", "law"), CASES)
def test_an_interpreter_keeps_the_law(factory: Factory, law: Law) -> None:
    law.check(Subject(factory, DEPTH), EXAMPLES)
