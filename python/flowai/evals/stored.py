"""Runs of a store, for those who only read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowai.errors import SpecError, StorageError
from flowai.specs.runtime import RuntimeSpec

if TYPE_CHECKING:
    from flowai.interpreters.runtime import Runtime

SQLITE = "sqlite:///"


def reader(target: Any, storage: str) -> Runtime:
    """Return a runtime on a store that is there; nobody is asked by it.

    Raises:
        SpecError: the target is no runtime and no spec of one.
        StorageError: there is no such store.
    """
    from flowai.interpreters.creation import create_runtime
    from flowai.specs.testing import TestingConfig

    spec = getattr(target, "spec", target)
    if not isinstance(spec, RuntimeSpec):
        hint = "give the runtime or the runtime spec whose runs the store keeps"
        raise SpecError(f"a `{type(target).__name__}` has no runs in a store", hint=hint)
    check_there(storage)
    return create_runtime(spec, testing=TestingConfig(script=[]), storage=storage)


def check_there(storage: str) -> None:
    """Refuse a store that is not there: opened, it would be a new and empty one.

    Raises:
        StorageError: there is no such file.
    """
    path = storage.removeprefix(SQLITE)
    if path != storage and not Path(path).exists():
        raise StorageError(f"there is no store `{path}`", hint="name the file that the runs were kept in")
