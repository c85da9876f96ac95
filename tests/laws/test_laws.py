"""Every interpreter keeps every law."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flowai.laws import Law, Subject, laws

if TYPE_CHECKING:
    from flowai.laws.law import Factory

EXAMPLES = 30
DEPTH = 100_000


@pytest.mark.parametrize("law", laws(), ids=lambda law: f"{law.number:02}-{law.name}")
def test_an_interpreter_keeps_the_law(law: Law, factory: Factory) -> None:
    law.check(Subject(factory, DEPTH), EXAMPLES)
