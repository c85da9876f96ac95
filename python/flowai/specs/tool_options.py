"""What a user may set on a tool beside its function."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from flowai.specs.faults import Faults
from flowai.specs.names import WIRE_NAME_HINT, did_you_mean, wire_name_problem
from flowai.specs.numbers import is_positive, is_whole_and_positive
from flowai.specs.rule import Rule, RuleLike, to_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIMEOUT_S_MAX = 10 * 365 * 24 * 3_600
"""Ten years; beyond it a deadline in milliseconds would lose its meaning."""

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
    check: Callable[..., Any] | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any], where: str) -> ToolOptions:
        """Return options as a user wrote them.

        Raises:
            SpecError: there is no such option, with the nearest name as a hint.
        """
        known = [each.name for each in fields(cls)]
        faults = Faults(where)
        for option in given:
            if option not in known:
                faults.add(f"unknown option `{option}`", hint=did_you_mean(option, known))
        faults.raise_if_any()
        return cls(**given)

    def rule(self, name: str) -> Rule | None:
        """Return the normalised approval.

        Raises:
            SpecError: it is no rule.
        """
        return None if self.approval is None else to_rule(self.approval, f"tool `{name}`: `approval`")

    def inspect(self, name: str, faults: Faults) -> None:
        """Keep every fault of the plain options."""
        if problem := wire_name_problem(name):
            faults.add(problem, hint=f"{WIRE_NAME_HINT}; or give `name=`")
        if self.access is not None and self.access not in get_args(Access):
            hint = did_you_mean(str(self.access), get_args(Access))
            faults.add(f"`access` is {self.access!r}", hint=hint)
        if not is_positive(self.timeout_s) or self.timeout_s > TIMEOUT_S_MAX:
            faults.add(f"`timeout_s` is {self.timeout_s!r}", hint="give seconds above zero, ten years at most")
        if not is_whole_and_positive(self.max_result_bytes):
            faults.add(f"`max_result_bytes` is {self.max_result_bytes!r}", hint="give a whole number above zero")
        if self.check is not None and self.access == "read":
            faults.add("`check` is given and the tool only reads", hint="leave it out: a read is asked again")
