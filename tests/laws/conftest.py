"""The interpreters under the laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flowai.laws import Reference

if TYPE_CHECKING:
    from flowai.laws.law import Factory

FACTORIES: dict[str, Factory] = {"reference": Reference}
"""Every interpreter with a virtual clock, by the name its tests show."""


@pytest.fixture(params=sorted(FACTORIES))
def factory(request: pytest.FixtureRequest) -> Factory:
    """Make one of the interpreters."""
    return FACTORIES[request.param]
