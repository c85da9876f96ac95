"""What goes wrong in a test, where and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from flowai.specs.script import Fails

if TYPE_CHECKING:
    from flowai.specs.encoding import JsonObject
    from flowai.specs.faults import Faults


@dataclass(frozen=True, slots=True)
class Hangs:
    """The effect never answers; only a time limit ends it."""

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {"trouble": "hangs"}


@dataclass(frozen=True, slots=True)
class Delays:
    """The effect answers later, in virtual time."""

    delay_ms: int

    def __post_init__(self) -> None:
        """Refuse a delay into the past."""
        if self.delay_ms < 0:
            raise ValueError(f"`delay_ms` is {self.delay_ms}; time only goes forward")

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {"trouble": "delays", "delay_ms": self.delay_ms}


@dataclass(frozen=True, slots=True)
class Crashes:
    """The run ends as if its process had died: nothing is cleaned up."""

    before: bool = True
    """Whether the effect does not happen any more."""

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {"trouble": "crashes", "before": self.before}


Trouble = Fails | Hangs | Delays | Crashes | Exception
"""One thing that goes wrong; an exception is what the effect fails with."""

Troubles = Mapping[str, Trouble | Sequence[Fails]]
"""By position (`"2"`) or effect (`"CallTool"`) one trouble; by name of a tool the failures of its first calls."""

HINT = 'write {"2": Hangs()}, {"CallTool": ToolFailed("broke")} or {"find_products": [Fails("broke")]}'


def check_troubles(written: object, faults: Faults) -> None:
    """Keep everything that is wrong with the faults of a test."""
    if written is None:
        return
    if not isinstance(written, Mapping):
        faults.add("`faults` is not a mapping of places to what goes wrong", hint=HINT)
        return
    for place, trouble in cast("Mapping[object, object]", written).items():
        if not isinstance(place, str) or not place:
            faults.add(f"`faults` has the place {place!r}", hint="write positions as text")
        elif not isinstance(trouble, Trouble) and not _are_failures(trouble):
            faults.add(f"`faults[{place!r}]` is {trouble!r}", hint=HINT)


def striking_once(troubles: Troubles | None) -> dict[str, JsonObject]:
    """Return the troubles of positions and effects as JSON."""
    return {place: _written(each) for place, each in (troubles or {}).items() if isinstance(each, Trouble)}


def failures_by_name(troubles: Troubles | None) -> dict[str, list[Fails]]:
    """Return the failures of first calls by name, as lists that may be used up."""
    return {name: list(each) for name, each in (troubles or {}).items() if not isinstance(each, Trouble)}


def failure_json(error: Exception | str) -> dict[str, Any]:
    """Return the class and message of a failure."""
    kind = "EffectFailed" if isinstance(error, str) else type(error).__name__
    return {"kind": kind, "message": getattr(error, "message", None) or str(error)}


def _written(trouble: Trouble) -> JsonObject:
    if isinstance(trouble, Hangs | Delays | Crashes):
        return trouble.to_json()
    return {"trouble": "fails", **failure_json(trouble.error if isinstance(trouble, Fails) else trouble)}


def _are_failures(written: object) -> TypeGuard[Sequence[Fails]]:
    if not isinstance(written, list | tuple) or not written:
        return False
    return all(isinstance(each, Fails) for each in cast("list[object]", written))
