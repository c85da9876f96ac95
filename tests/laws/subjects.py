"""The interpreters under the laws."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from flowai.effects import Sleep
from flowai.interpreters import Eval, Live, Test
from flowai.laws import Law, Reference, laws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowai.laws.law import Factory


class Awaited:
    """An interpreter whose `run` goes through `arun` on a loop of the caller's own."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def handling(self, effect: type[Any], handler: Callable[[Any], Any]) -> Awaited:
        return Awaited(self.inner.handling(effect, handler))

    def run(self, program: Any) -> Any:
        return asyncio.run(self.inner.arun(program))


def plain(seed: int = 0, **options: Any) -> Any:
    return Test(seed=seed, **options)


def eval_of_test(seed: int = 0, **options: Any) -> Any:
    return Eval(Test(seed=seed, **options))


def awaited(seed: int = 0, **options: Any) -> Any:
    return Awaited(Test(seed=seed, **options))


def live() -> Any:
    """Make a live interpreter whose sleeps take no time."""
    return Live().handling(Sleep, at_once)


async def at_once(_: Sleep) -> None:
    await asyncio.sleep(0)


FACTORIES: dict[str, Factory] = {"test": plain, "eval": eval_of_test}
"""Every native interpreter with a virtual clock, by the name its tests show."""


def cases() -> Iterator[tuple[str, Factory, Law]]:
    """Give every interpreter with every law that it has to keep."""
    for name, factory in FACTORIES.items():
        yield from ((name, factory, law) for law in laws())
    for name, factory in {"reference": Reference, "test-async": awaited}.items():
        yield from ((name, factory, law) for law in laws(is_native=False))
    yield from (("live", live, law) for law in laws(is_timed=False, is_native=False))
