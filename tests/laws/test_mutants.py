"""Every seeded bug is caught: laws that kill nothing are decoration."""

from __future__ import annotations

import pytest

from flowai.laws import Law, Subject, laws
from flowai.laws.reference import Scheduler
from tests.laws.mutants import MUTANTS, factory_of

EXAMPLES = 30
DEPTH = 2_000


def breaks(law: Law, mutant: type[Scheduler]) -> bool:
    try:
        law.check(Subject(factory_of(mutant), DEPTH), EXAMPLES)
    except BaseException:  # noqa: BLE001 — however it shows
        return True
    return False


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_some_law_catches_the_bug(mutant: type[Scheduler]) -> None:
    assert any(breaks(law, mutant) for law in laws())
