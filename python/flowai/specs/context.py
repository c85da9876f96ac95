"""What a tool is told about the call it serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from flowai.errors import ProgramError

if TYPE_CHECKING:
    from flowai.specs.reference import Handle, Reference

S_co = TypeVar("S_co", covariant=True)
T = TypeVar("T")


class References(Protocol):
    """Where a tool stores large values and loads them again."""

    async def store(self, kind: Reference[T], value: T, /) -> Handle[T]:
        """Store a value and return its handle."""
        ...

    @overload
    async def load(self, handle: Handle[T], /) -> T: ...
    @overload
    async def load(self, handle: str, /) -> Any: ...
    async def load(self, handle: Any, /) -> Any:
        """Return the value of a handle, also of one in text form."""
        ...

    def store_sync(self, kind: Reference[T], value: T, /) -> Handle[T]:
        """Store a value from a tool that is not async."""
        ...

    @overload
    def load_sync(self, handle: Handle[T], /) -> T: ...
    @overload
    def load_sync(self, handle: str, /) -> Any: ...
    def load_sync(self, handle: Any, /) -> Any:
        """Return the value of a handle to a tool that is not async."""
        ...


class NoReferences:
    """The references of a context that no runtime made; all of them refuse."""

    async def store(self, *_: object) -> Any:
        """Refuse.

        Raises:
            ProgramError: always.
        """
        raise _no_references()

    async def load(self, *_: object) -> Any:
        """Refuse.

        Raises:
            ProgramError: always.
        """
        raise _no_references()

    def store_sync(self, *_: object) -> Any:
        """Refuse.

        Raises:
            ProgramError: always.
        """
        raise _no_references()

    def load_sync(self, *_: object) -> Any:
        """Refuse.

        Raises:
            ProgramError: always.
        """
        raise _no_references()


def _no_references() -> ProgramError:
    hint = "run the tool in a runtime, or give the context `references=`"
    return ProgramError("this context has no references", hint=hint)


def _unheard(progress: object) -> None:
    """Drop a report that nobody listens to."""


# No slots: `ToolContext[Services](...)` would raise.
@dataclass(frozen=True, kw_only=True)
class ToolContext(Generic[S_co]):
    """The leading parameter of a tool that wants to know its call.

    Example:
        >>> ctx = ToolContext(services={"shop": "Acme"}, tenant="acme")
        >>> ctx.services["shop"]
        'Acme'
    """

    services: S_co
    """What was given to `create_runtime(spec, services)`."""
    tenant: str | None = None
    principal: str | None = None
    """Who the run acts for."""
    thread_id: str | None = None
    run_id: str = ""
    idempotency_key: str = ""
    """The same for every attempt of one call, and for no other call."""
    references: References = field(default_factory=NoReferences)
    reporter: Callable[[Any], None] = _unheard

    def report(self, progress: object) -> None:
        """Tell whoever watches the run how far the tool is; JSON only."""
        self.reporter(progress)
