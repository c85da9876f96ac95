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
    """A value of which a function says whether it will do; only as a whole argument.

    Example:
        >>> from flowai.evals import Trajectory, RawSampleOutput, ToolCall, define_test_case, score_sample
        >>> even = ToolCall("place", {"units": Where(lambda units: units % 2 == 0)})
        >>> case = define_test_case("even", "Order", expected_trajectory=[even])
        >>> score_sample(case, RawSampleOutput([ToolCall("place", {"units": 6})])).aggregate
        1.0
    """

    holds: Callable[[Any], bool]


Mark = Anything | OneOf | Near | Where


def plain(value: object) -> Any:
    """Return a value with its marks in the form that a dataset holds."""
    if isinstance(value, Anything | OneOf | Near):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in cast("list[object]", value)]
    return value


def has_marks(value: object) -> bool:
    """Whether a value has to be written otherwise before it is compared."""
    if value is None or isinstance(value, str | int | float):
        return False
    if isinstance(value, Mapping):
        return any(map(has_marks, cast("Mapping[str, object]", value).values()))
    if isinstance(value, list):
        return any(map(has_marks, cast("list[object]", value)))
    return True
