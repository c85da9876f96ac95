"""What a user may set on a tool beside its function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from flowai.specs.names import WIRE_NAME_HINT, did_you_mean, wire_name_problem
from flowai.specs.numbers import is_positive, is_whole_and_positive
from flowai.specs.rule import Rule, RuleLike, to_rule

if TYPE_CHECKING:
    from flowai.specs.faults import Faults

Access = Literal["read", "write_idempotent", "write_once"]
"""What a call may do to the world; `write_once` must not happen twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOptions:
    """The options of `define_tool`, as written."""

    name: str | None = None
    description: str | None = None
    access: Access | None = None
    approval: RuleLike | None = None
    timeout_s: float = 60
    max_result_bytes: int = 16_384
    version: str | None = None

    def rule(self, name: str) -> Rule | None:
        """Return the normalised approval.

        Raises:
            SpecError: it is no rule.
        """
        return None if self.approval is None else to_rule(self.approval, f"tool `{name}`: `approval`")

    def check(self, name: str, faults: Faults) -> None:
        """Keep every fault of the plain options."""
        if problem := wire_name_problem(name):
            faults.add(problem, hint=f"{WIRE_NAME_HINT}; or give `name=`")
        if self.access is not None and self.access not in get_args(Access):
            hint = did_you_mean(str(self.access), get_args(Access))
            faults.add(f"`access` is {self.access!r}", hint=hint)
        if not is_positive(self.timeout_s):
            faults.add(f"`timeout_s` is {self.timeout_s!r}", hint="give seconds above zero")
        if not is_whole_and_positive(self.max_result_bytes):
            faults.add(f"`max_result_bytes` is {self.max_result_bytes!r}", hint="give a whole number above zero")
