"""What goes wrong in a test, where and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard, cast

from flowai.specs.script import Fails

if TYPE_CHECKING:
    from flowai.specs.encoding import Json, JsonObject
    from flowai.specs.faults import Faults


@dataclass(frozen=True, slots=True)
class Hangs:
    """The effect never answers: a time limit ends it, or `ScriptMismatch` once nothing else can happen."""

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

Troubles = Mapping[str, Trouble | Sequence[Trouble]]
"""What strikes at a position (`"2"`), or at the first asks of a tool, a model or an effect, by its name.

The narrowest place strikes first: a position, then a tool or model, then the effect."""

HINT = 'write {"2": Hangs()}, {"find_products": [Fails("broke")]} or {"claude-haiku-4-5": ModelUnavailable("down")}'


def check_troubles(written: object, faults: Faults) -> None:
    """Keep everything that is wrong with the faults of a test."""
    if written is None:
        return
    if isinstance(written, list | tuple) and written:
        for each in cast("list[object]", written):
            check_troubles({} if each is None else each, faults)
        return
    if not isinstance(written, Mapping):
        faults.add("`faults` is not a mapping of places to what goes wrong", hint=HINT)
        return
    for place, trouble in cast("Mapping[object, object]", written).items():
        if not isinstance(place, str) or not place:
            faults.add(f"`faults` has the place {place!r}", hint="write positions as text")
        elif not isinstance(trouble, Trouble) and not _are_troubles(trouble):
            faults.add(f"`faults[{place!r}]` is {trouble!r}", hint=HINT)


def troubles_json(troubles: Troubles | None) -> dict[str, list[JsonObject]]:
    """Return the troubles of each place as JSON, the first first."""
    return {place: [_written(each) for each in _listed(here)] for place, here in (troubles or {}).items()}


def _listed(here: Trouble | Sequence[Trouble]) -> Sequence[Trouble]:
    return [here] if isinstance(here, Trouble) else here


def _failure_json(error: Exception | str) -> JsonObject:
    if isinstance(error, str):
        return {"kind": "EffectFailed", "message": error}
    kind = type(error)
    message, hint = getattr(error, "message", None) or str(error), getattr(error, "hint", None)
    return {"kind": kind.__name__, "message": message, "hint": hint, "raised": _raised(error)}


def _raised(error: Exception) -> JsonObject:
    """Return what the native part makes the exception of again: its class, arguments and fields."""
    kind = type(error)
    arguments: list[Json] = list(error.args) if all(map(_is_plain, error.args)) else [str(error)]
    fields: JsonObject = {name: value for name, value in vars(error).items() if _is_plain(value)}
    return {"module": kind.__module__, "class": kind.__qualname__, "args": arguments, "fields": fields}


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool | None)


def _written(trouble: Trouble) -> JsonObject:
    if isinstance(trouble, Hangs | Delays | Crashes):
        return trouble.to_json()
    return {"trouble": "fails", **_failure_json(trouble.error if isinstance(trouble, Fails) else trouble)}


def _are_troubles(written: object) -> TypeGuard[Sequence[Trouble]]:
    if not isinstance(written, list | tuple) or not written:
        return False
    return all(isinstance(each, Trouble) for each in cast("list[object]", written))
