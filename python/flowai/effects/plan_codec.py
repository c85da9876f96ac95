"""How a stored plan is written as JSON and read back, its body by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowai.effects.codec import Codec
from flowai.errors import ValueNotJson
from flowai.specs.plan_instance import PlanInstance

if TYPE_CHECKING:
    from flowai.specs.plan import Plan


class PlanCodec(Codec):
    """The codec of the instances of one kind of plan."""

    __slots__ = ("_kind",)

    def __init__(self, kind: Plan[Any] | None) -> None:
        super().__init__(PlanInstance)
        self._kind = kind

    def encode(self, value: object) -> Any:
        """Write an instance as JSON.

        Raises:
            ValueNotJson: The value is no stored plan.
        """
        if not isinstance(value, PlanInstance):
            raise ValueNotJson(f"not a stored plan: {value!r}", hint="answer with a `PlanInstance`")
        return value.to_json()

    def decode(self, value: Any) -> PlanInstance[Any]:
        """Read an instance from JSON.

        Raises:
            ValueNotJson: The JSON is no stored plan of this kind.
        """
        return PlanInstance.read(value, self._kind)
