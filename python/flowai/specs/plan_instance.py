"""One stored plan, as the effects on plans answer with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, cast

from flowai.errors import PlanError, ValueNotJson

if TYPE_CHECKING:
    from flowai.specs.encoding import Json, JsonObject
    from flowai.specs.plan import Plan

T_co = TypeVar("T_co", covariant=True)

PlanStatus: TypeAlias = Literal["DRAFT", "APPROVED", "EXECUTING", "EXECUTED", "FAILED"]
"""Where a plan stands in its lifecycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAction:
    """One action of a stored plan and where it stands."""

    index: int
    """Its place in the plan's list."""
    kind: str
    """Its tag; empty where it has none."""
    status: str
    """`pending` (not run, where the plan has ended), `running`, `done`, `failed`, `in_doubt`, `skipped`,
    `undoing` or `undone`."""
    arguments: Any
    """The action as JSON."""
    result: Any = None
    """What its tool answered, or why it failed."""
    by: str | None = None
    """Who skipped it, settled it or took it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMoment:
    """One move in the history of a plan."""

    at: int
    """In milliseconds since the Unix epoch."""
    revision: int
    """The revision that it was about."""
    event: str
    """`store`, `edit`, `approve`, `reject`, `begin`, `finish` or `fail`."""
    by: str
    reason: str | None

    @classmethod
    def read(cls, written: JsonObject) -> PlanMoment:
        """Read what the core keeps of a move."""
        fields: dict[str, Any] = {**written, "by": named(written["by"]) or ""}
        return cls(**fields)

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {
            "at": self.at,
            "revision": self.revision,
            "event": self.event,
            "by": self.by,
            "reason": self.reason,
        }


def named(by: Json) -> str | None:
    """Return who it was, in the words of events: the part, then the name."""
    if by is None or isinstance(by, str):
        return by
    return " ".join(filter(None, (by["part"], by["name"])))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInstance(Generic[T_co]):
    """A stored plan at one revision.

    Example:
        >>> from pydantic import BaseModel
        >>> from flowai.specs.plan import define_plan
        >>> class Errand(BaseModel):
        ...     steps: list[str]
        >>> errand = define_plan(name="Errand", schema=Errand)
        >>> written = {"plan_id": "p1", "plan": "Errand", "revision": 1, "status": "DRAFT", "digest": "9f2c"}
        >>> written |= {"body": {"steps": ["buy milk"]}, "actions": [], "cards": None}
        >>> PlanInstance.read(written, errand).body
        Errand(steps=['buy milk'])
    """

    plan_id: str
    """Which plan."""
    plan: str
    """The name of its kind."""
    revision: int
    """Counted from 1; storing and editing make a new one."""
    status: PlanStatus
    digest: str
    """What an approval of this revision names."""
    body: T_co
    """The plan, typed by its kind; without the actions that a reviewer left out."""
    actions: tuple[PlanAction, ...] = ()
    cards: tuple[Any, ...] = ()
    """How a reviewer sees it."""
    rejection: str | None = None
    """Why this revision was rejected, where it was."""
    history: tuple[PlanMoment, ...] = ()
    """Who stored, rejected or approved what, when and why."""
    kind: Plan[Any] | None = field(default=None, repr=False, compare=False)
    """The kind by which the body is typed; none where it is read by its id alone, as JSON."""

    @classmethod
    def read(cls, written: JsonObject, kind: Plan[Any] | None) -> PlanInstance[Any]:
        """Read what an interpreter answers with.

        Raises:
            ValueNotJson: It is no such plan.
        """
        try:
            fields: dict[str, Any] = dict(written)
            fields["body"] = fields["body"] if kind is None else kind.validate(fields["body"])
            fields["actions"] = tuple(PlanAction(**each) for each in fields["actions"])
            fields["cards"] = tuple(fields["cards"] or ())
            fields["history"] = tuple(map(PlanMoment.read, fields.get("history", ())))
            return cls(**fields, kind=kind)
        except (KeyError, TypeError, ValueError, PlanError) as error:
            raise ValueNotJson(f"not a stored plan: {error}") from error

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        actions: list[Json] = [
            {
                "index": each.index,
                "kind": each.kind,
                "status": each.status,
                "arguments": each.arguments,
                "result": each.result,
                "by": each.by,
            }
            for each in self.actions
        ]
        return {
            "plan_id": self.plan_id,
            "plan": self.plan,
            "revision": self.revision,
            "status": self.status,
            "digest": self.digest,
            "body": cast("Any", self.body) if self.kind is None else self.kind.dump(self.body),
            "actions": actions,
            "cards": list(self.cards),
            "rejection": self.rejection,
            "history": [each.to_json() for each in self.history],
        }
