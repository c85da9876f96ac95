"""What may stand for a value that a case cannot know, or need not know exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value will do, if only there is one; for ids and times.

    Example:
        >>> Anything().to_json()
        {'$any': True}
    """

    def to_json(self) -> dict[str, Any]:
        """Return the form that a dataset holds."""
        return {"$any": True}


@dataclass(frozen=True, slots=True, init=False)
class OneOf:
    """One of several values.

    Example:
        >>> OneOf("kg", "kilogram").to_json()
        {'$one_of': ['kg', 'kilogram']}
    """

    values: tuple[Any, ...]

    def __init__(self, *values: Any) -> None:
        object.__setattr__(self, "values", values)

    def to_json(self) -> dict[str, Any]:
        """Return the form that a dataset holds."""
        return {"$one_of": [plain(each) for each in self.values]}


@dataclass(frozen=True, slots=True)
class Near:
    """A number, give or take.

    Example:
        >>> Near(9.99, within=0.01).to_json()
        {'$near': 9.99, 'within': 0.01}
    """

    value: float
    within: float

    def to_json(self) -> dict[str, Any]:
        """Return the form that a dataset holds."""
        return {"$near": self.value, "within": self.within}


@dataclass(frozen=True, slots=True)
class Where:
    """A value of which a function says whether it will do; one of which it raises will not.

    Example:
        >>> from flowai.evals import Trajectory, RawSampleOutput, ToolCall, define_test_case, score_sample
        >>> even = ToolCall("place", {"units": Where(lambda units: units % 2 == 0)})
        >>> case = define_test_case("even", "Order", expected_trajectory=[even])
        >>> score_sample(case, RawSampleOutput([ToolCall("place", {"units": 6})])).aggregate
        1.0
    """

    holds: Callable[[Any], bool]

    def refuses(self, value: object) -> str | None:
        """Return why a value will not do, or nothing where it will.

        Example:
            >>> Where(lambda units: units > 3).refuses("three")
            "the function raised TypeError: '>' not supported between instances of 'str' and 'int'"
        """
        return refused(self.holds, value)


Mark = Anything | OneOf | Near | Where
Path = tuple[str | int, ...]
"""The keys and places that lead to a part of a value."""


def refused(holds: Callable[..., object], *values: object) -> str | None:
    """Return why a function does not hold for values, or nothing where it does."""
    try:
        return None if holds(*values) else "the function says no"
    except Exception as error:  # noqa: BLE001 — a user's function may raise anything of a value it does not expect
        return f"the function raised {type(error).__name__}: {error}"


def plain(value: object, asked: Callable[[Where, Path], Any] | None = None, path: Path = ()) -> Any:
    """Return a value with its marks in the form that a dataset holds; `asked` says what stands for a function."""
    if isinstance(value, Where):
        return value if asked is None else asked(value, path)
    if isinstance(value, OneOf):
        return {"$one_of": [plain(each, asked, path) for each in value.values]}
    if isinstance(value, Anything | Near):
        return value.to_json()
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return {key: plain(each, asked, (*path, key)) for key, each in fields.items()}
    if isinstance(value, list | tuple):
        items = cast("list[object]", value)
        return [plain(each, asked, (*path, place)) for place, each in enumerate(items)]
    return value


def told(value: object) -> Any:
    """Return a value in JSON types; a function is told of and not named, since its address is another in each run."""
    return plain(value, lambda _where, _path: "a function")


def mark_of(value: object) -> Mark | None:
    """Return the mark that a value is, also in the form that a dataset holds, or nothing.

    Example:
        >>> mark_of({"$near": 3, "within": 0.5}), mark_of({"$any": True, "sku": 1})
        (Near(value=3, within=0.5), None)
    """
    if isinstance(value, Anything | OneOf | Near | Where):
        return value
    if not isinstance(value, Mapping):
        return None
    fields = cast("Mapping[str, Any]", value)
    if len(fields) == 1 and isinstance(fields.get("$one_of"), list):
        return OneOf(*fields["$one_of"])
    if "$near" in fields and fields.keys() <= {"$near", "within"}:
        return Near(fields["$near"], fields.get("within", 0.0))
    return Anything() if set(fields) == {"$any"} else None


def holds_marks(value: object) -> bool:
    """Whether there is a mark in a value, to any depth."""
    if mark_of(value) is not None:
        return True
    if isinstance(value, Mapping):
        return any(map(holds_marks, cast("Mapping[str, object]", value).values()))
    return isinstance(value, list | tuple) and any(map(holds_marks, cast("list[object]", value)))


def has_marks(value: object) -> bool:
    """Whether a value has to be written otherwise before it is compared."""
    if value is None or isinstance(value, str | int | float):
        return False
    if isinstance(value, Mapping):
        return any(map(has_marks, cast("Mapping[str, object]", value).values()))
    if isinstance(value, list):
        return any(map(has_marks, cast("list[object]", value)))
    return True
