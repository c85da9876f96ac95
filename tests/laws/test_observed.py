"""Programs keep the laws of the `returns` library."""

from __future__ import annotations

from typing import Any

from hypothesis.strategies import SearchStrategy
from returns.contrib.hypothesis.laws import check_all_laws  # pyright: ignore[reportUnknownVariableType]

from flowai.laws import Observed, programs
from flowai.programs import pure


def observed(thing: Any) -> SearchStrategy[Any]:
    return programs(parallel=False).map(Observed)


check_all_laws(Observed, container_strategy=observed, settings_kwargs={"max_examples": 25, "deadline": None})


def test_equal_by_what_it_does() -> None:
    assert Observed(pure(1).bind(pure)) == Observed(pure(1))
    assert Observed(pure(1)) != Observed(pure(2))
