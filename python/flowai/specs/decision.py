"""What a human answers when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from flowai.specs.encoding import json_value
from flowai.specs.faults import Faults, refuse

if TYPE_CHECKING:
    from flowai.specs.encoding import JsonObject


@dataclass(frozen=True, slots=True)
class Approve:
    """Yes: to all of it, to some actions of a plan, or with edits.

    Raises:
        SpecError: the actions or edits cannot be meant.

    Example:
        >>> Approve(actions=[0, 2], edits={0: {"new_price": 9.5}}).to_json()["edits"]
        {'0': {'new_price': 9.5}}
    """

    actions: Sequence[int] | None = None
    """The indices of a plan's actions that may run; all of them where none are given."""
    edits: Mapping[Any, Any] | None = None
    """New values: by action index for a plan, by name for a tool's arguments or a program's subject."""
    reason: str | None = None

    def __post_init__(self) -> None:
        """Check what is given; the runtime checks it against what was asked."""
        faults = Faults("`Approve`")
        if self.actions is not None and not _are_indices(self.actions):
            faults.add(f"`actions` is {self.actions!r}", hint="list distinct indices from 0")
        if self.edits is not None and not _is_mapping(self.edits):
            faults.add("`edits` is not a mapping", hint='write {0: {"new_price": 9.5}}')
        _check_reason(self.reason, faults)
        faults.raise_if_any()

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        edits = None if self.edits is None else {str(key): json_value(each) for key, each in self.edits.items()}
        actions = None if self.actions is None else list(self.actions)
        return {"decision": "approved", "actions": actions, "edits": edits, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Reject:
    """No; whoever asked is told the reason.

    Example:
        >>> Reject("too deep").to_json()
        {'decision': 'rejected', 'reason': 'too deep'}
    """

    reason: str | None = None

    def __post_init__(self) -> None:
        """Check the reason."""
        faults = Faults("`Reject`")
        _check_reason(self.reason, faults)
        faults.raise_if_any()

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {"decision": "rejected", "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Happened:
    """The write in doubt did happen.

    Example:
        >>> Happened({"row": 7}).to_json()
        {'decision': 'happened', 'result': {'row': 7}, 'reason': None}
    """

    result: Any = None
    """What it would have answered, in JSON types; the program goes on with it."""
    reason: str | None = None

    def __post_init__(self) -> None:
        """Check the reason; the result has to have a JSON form."""
        faults = Faults("`Happened`")
        _check_reason(self.reason, faults)
        faults.raise_if_any()

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {"decision": "happened", "result": json_value(self.result), "reason": self.reason}


@dataclass(frozen=True, slots=True)
class RunAgain:
    """The write in doubt did not happen: it runs again, under the same idempotency key.

    Example:
        >>> RunAgain().to_json()
        {'decision': 'run_again', 'reason': None}
    """

    reason: str | None = None

    def __post_init__(self) -> None:
        """Check the reason."""
        faults = Faults("`RunAgain`")
        _check_reason(self.reason, faults)
        faults.raise_if_any()

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {"decision": "run_again", "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Failed:
    """The write in doubt counts as failed; whoever asked for it is told the reason.

    Example:
        >>> Failed("the row is not there").to_json()
        {'decision': 'failed', 'reason': 'the row is not there'}
    """

    reason: str | None = None

    def __post_init__(self) -> None:
        """Check the reason."""
        faults = Faults("`Failed`")
        _check_reason(self.reason, faults)
        faults.raise_if_any()

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads."""
        return {"decision": "failed", "reason": self.reason}


Settlement = Happened | RunAgain | Failed
"""What became of a write in doubt."""

Decision = Approve | Reject | Settlement
DecisionLike = Decision | Literal["approve", "reject", "happened", "run_again", "failed"]

WORDS: dict[str, type[Decision]] = {
    "approve": Approve,
    "reject": Reject,
    "happened": Happened,
    "run_again": RunAgain,
    "failed": Failed,
}
"""The word of each decision."""


def to_decision(written: object) -> Decision:
    """Read a decision: a value, or the word for it.

    Raises:
        SpecError: it is no decision; anything doubtful must never mean yes.

    Example:
        >>> to_decision("approve"), to_decision("run_again")
        (Approve(actions=None, edits=None, reason=None), RunAgain(reason=None))
    """
    if isinstance(written, Decision):
        return written
    if isinstance(written, str) and written in WORDS:
        return WORDS[written]()
    hint = (
        'write "approve", "reject", `Approve(...)` or `Reject("why")`;'
        ' of a write in doubt "happened", "run_again", "failed", or the value of that name'
    )
    raise refuse("decision", f"`{written!r}` is not a decision", hint=hint)


def _are_indices(actions: object) -> bool:
    if not isinstance(actions, Sequence) or isinstance(actions, str | bytes):
        return False
    indices = list(cast("Sequence[object]", actions))
    return all(type(each) is int and each >= 0 for each in indices) and len(set(indices)) == len(indices)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _check_reason(reason: object, faults: Faults) -> None:
    if reason is not None and not isinstance(reason, str):
        faults.add(f"`reason` is {reason!r}", hint="say why in words")
