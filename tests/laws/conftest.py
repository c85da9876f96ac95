"""The interpreters under the laws."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from flowai.interpreters import Eval, Live, Test
from flowai.laws import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai.laws.law import Factory


class Awaited:
    """An interpreter whose `run` goes through `arun` on a loop of the caller's own."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def handling(self, effect: type[Any], handler: Callable[[Any], Any]) -> Awaited:
        return Awaited(self.inner.handling(effect, handler))

    def run(self, program: Any) -> Any:
        return asyncio.run(self.inner.arun(program))


def test(seed: int = 0) -> Any:
    return Test(seed=seed)


def eval_of_test(seed: int = 0) -> Any:
    return Eval(Test(seed=seed))


def awaited(seed: int = 0) -> Any:
    return Awaited(Test(seed=seed))


FACTORIES: dict[str, Factory] = {
    "reference": Reference,
    "test": test,
    "test-async": awaited,
    "eval": eval_of_test,
}
"""Every interpreter with a virtual clock, by the name its tests show."""


@pytest.fixture(params=sorted(FACTORIES))
def factory(request: pytest.FixtureRequest) -> Factory:
    """Make one of the interpreters."""
    return FACTORIES[request.param]
