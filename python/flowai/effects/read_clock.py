"""One question for the clock: what time it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flowai.effects.codec import Codec
from flowai.effects.effect import Effect
from flowai.effects.families import Clock
from flowai.errors import ValueNotJson

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class InstantCodec(Codec):
    """An aware UTC datetime as whole milliseconds since 1970.

    Example:
        >>> InstantCodec().decode(1_000).isoformat()
        '1970-01-01T00:00:01+00:00'
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(datetime)

    def encode(self, value: object) -> int:
        """Write an instant as milliseconds; milliseconds themselves pass.

        Raises:
            ValueNotJson: The value is no aware datetime.
        """
        if type(value) is int:
            return value
        if not isinstance(value, datetime) or value.tzinfo is None:
            message = f"the time `{value!r}` has no time zone"
            raise ValueNotJson(message, path="$", hint="answer with `datetime.now(UTC)`")
        return (value - EPOCH) // timedelta(milliseconds=1)

    def decode(self, value: Any) -> datetime:
        """Read an instant from milliseconds.

        Raises:
            ValueNotJson: The value is no whole number.
        """
        if type(value) is not int:
            message = f"the time `{value!r}` is no whole number of milliseconds"
            raise ValueNotJson(message, path="$")
        return EPOCH + timedelta(milliseconds=value)


INSTANT = InstantCodec()


@dataclass(frozen=True)
class ReadClock(Effect[datetime], Clock):
    """Read the time, in UTC, exact to the millisecond.

    Example:
        >>> ReadClock().encode()
        {}
    """

    @property
    def codec(self) -> Codec:
        """How the time is written as JSON and read back."""
        return INSTANT

    def encode(self) -> dict[str, Any]:
        """Write the question as JSON: it has no fields."""
        return {}
