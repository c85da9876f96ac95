"""The setting of a run: who runs what, with which plans, scripts and handlers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowai.events import Event
    from flowai.specs.plan import Plan
    from flowai.specs.script import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the work of one run needs to know."""

    run_id: str
    thread_id: str | None = None
    tenant: str = ""
    principal: str | None = None
    services: Any = None
    plans: Mapping[str, Plan[Any]] = field(default_factory=dict[str, "Plan[Any]"])
    turns: tuple[Turn, ...] = ()
    """The scripted answers that depend on what was seen."""
    answers: Mapping[type, Callable[[Any], Any]] = field(default_factory=dict[type, "Callable[[Any], Any]"])
    is_virtual: bool = False
    """Whether the clock is the script's and not the world's."""
    starts_at: int = 0
    observer: Callable[[Event], None] | None = None
    """Who is told of every event as it happens."""

    def answer_of(self, effect: type) -> Callable[[Any], Any]:
        """Return the user's handler for an effect."""
        return next(self.answers[each] for each in effect.__mro__ if each in self.answers)
