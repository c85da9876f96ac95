"""The errors that specs, programs and interpreters raise, under one root."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from flowai.differing import differing
from flowai.fault import Fault as Fault  # noqa: PLC0414 — exported from here, too

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class FlowaiError(Exception):
    """The root of every error of this package.

    Args:
        message: What went wrong, in lower case and without a full stop.
        hint: What the reader may do about it.
        run_id: The run in which it happened, where there is one.

    Example:
        >>> print(FlowaiError("no model is set", hint="pass `model=`"))
        no model is set
        hint: pass `model=`
    """

    message: str
    """What went wrong."""
    hint: str | None
    """What the reader may do about it."""
    run_id: str | None
    """The run in which it happened."""
    advice: ClassVar[str | None] = None
    """The hint of an error of this kind that has none of its own."""

    def __init__(self, message: str, *, hint: str | None = None, run_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.advice if hint is None else hint
        self.run_id = run_id

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"


class SpecError(FlowaiError):
    """A spec is wrong; everything that is wrong with it is listed at once.

    Args:
        wrong: One sentence, or the faults that were found.
        where: The place of the one fault that a sentence tells.

    Example:
        >>> print(SpecError([Fault("a", "is missing"), Fault("b", "is twice there")]))
        2 faults
          a: is missing
          b: is twice there
    """

    faults: tuple[Fault, ...]
    """Every fault, in the order in which they were found."""

    def __init__(
        self, wrong: str | Iterable[Fault], *, where: str = "", hint: str | None = None, run_id: str | None = None
    ) -> None:
        faults = (Fault(where, wrong, hint),) if isinstance(wrong, str) else tuple(wrong)
        super().__init__(_told(faults), hint=_hint(faults, hint), run_id=run_id)
        self.faults = faults


def _told(faults: tuple[Fault, ...]) -> str:
    if len(faults) == 1:
        return str(faults[0]._replace(hint=None))
    return "\n  ".join([f"{len(faults)} faults", *map(str, faults)])


def _hint(faults: tuple[Fault, ...], hint: str | None) -> str | None:
    return hint if hint is not None or len(faults) != 1 else faults[0].hint


class ProgramError(FlowaiError):
    """A program is wrong, whatever the world answers."""


class UnhandledEffect(ProgramError):
    """The interpreter has no handler for an effect that the program asked."""


class UndeclaredEffect(ProgramError):
    """The program asked an effect that its row does not declare."""


class ReplayMismatch(ProgramError):
    """The program asked something else than the recording holds at this position."""

    position: str | None = None
    recorded: object = None
    asked: object = None
    """What was asked at the position before, and what the program asks now."""
    diff: Sequence[Mapping[str, object]] | None = None
    """How the two differ, field by field: each with its `path`, `before` and `after`."""

    def __str__(self) -> str:
        hint = [] if self.hint is None else [f"hint: {self.hint}"]
        return "\n".join([self.message, *differing(self.diff or ()), *hint])


class ScriptMismatch(ProgramError):
    """The script of a test and what the program asked do not fit together."""


class LiveCallRefused(ProgramError):
    """A test asked a real model provider, and nobody allowed it."""


class ValueNotJson(ProgramError):
    """A value has no JSON form, or not the one of its declared type.

    Args:
        path: Where in the value, from its root, such as `$.orders[2].price`.
    """

    def __init__(
        self, message: str, *, path: str | None = None, hint: str | None = None, run_id: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, run_id=run_id)
        self.path = path


class EffectFailed(FlowaiError):
    """The world could not answer an effect; a program may catch it or retry."""


class ModelFailed(EffectFailed):
    """A model call failed, and asking again is unlikely to help.

    Args:
        known: What is known of it, under the names of the attributes.

    Example:
        >>> RateLimited("slow down", provider="anthropic", retry_after_ms=500).retry_after_ms
        500
    """

    KNOWN = ("provider", "model", "status", "code", "request_id", "attempts", "partial", "retry_after_ms")
    """The names of what may be known of a failure."""

    provider: str | None = None
    """Who was asked, such as `anthropic`; None where nobody was."""
    model: str | None = None
    """The model that was asked."""
    status: int | None = None
    """The HTTP status of the answer, where there was one."""
    code: str | None = None
    """The provider's own word for the error."""
    request_id: str | None = None
    """The provider's own name for the request, for its support."""
    attempts: int = 0
    """How often it was tried."""
    partial: str | None = None
    """The text that arrived before the failure, where some did."""
    retry_after_ms: int | None = None
    """How long the provider asks to wait, in milliseconds."""

    def __init__(
        self, message: str, *, hint: str | None = None, run_id: str | None = None, **known: str | int | None
    ) -> None:
        super().__init__(message, hint=hint, run_id=run_id)
        for name, value in known.items():
            if name not in self.KNOWN:
                raise TypeError(f"`{type(self).__name__}` knows no `{name}`")
            setattr(self, name, value)

    def known(self) -> dict[str, str | int]:
        """Return what is known of the failure."""
        found = {name: getattr(self, name) for name in self.KNOWN}
        return {name: value for name, value in found.items() if value}

    usage: dict[str, int] | None = None
    """The tokens that the provider counted all the same, as `Usage` names them."""


class AuthenticationFailed(ModelFailed):
    """The provider does not know the key."""


class PermissionDenied(ModelFailed):
    """The key may not use this model or feature."""


class ModelNotFound(ModelFailed):
    """The provider has no such model."""


class RequestInvalid(ModelFailed):
    """The provider refuses the request as it is."""


class ContextTooLong(RequestInvalid):
    """The conversation is longer than the model reads."""


class ContentRefused(ModelFailed):
    """The provider or the model refused to answer."""


class AnswerTruncated(ModelFailed):
    """The answer was cut at its length limit; `partial` holds what there is of it."""


class OutputInvalid(ModelFailed):
    """The structured answer does not fit its type, after every repair."""


class ModelUnavailable(ModelFailed):
    """A model could not be reached or was overloaded, after every retry."""


class RateLimited(ModelUnavailable):
    """The provider counts too many requests or tokens in too little time."""


class Overloaded(ModelUnavailable):
    """The provider has no capacity at this moment."""


class ServerFailed(ModelUnavailable):
    """The provider failed inside."""


class ModelTimedOut(ModelUnavailable):
    """The provider did not answer in time."""

    timeout: str | None = None
    """Which wait was too long: `connect`, `first_byte`, `between_bytes` or `total`."""


class ConnectionFailed(ModelUnavailable):
    """The provider could not be reached, or the connection broke."""


class StreamMalformed(ModelUnavailable):
    """What the provider sent cannot be read."""


class ToolFailed(EffectFailed):
    """A tool raised; the error it raised is the `__cause__`.

    Args:
        tool: The name of the tool.
    """

    def __init__(
        self, message: str, *, tool: str | None = None, hint: str | None = None, run_id: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, run_id=run_id)
        self.tool = tool


class ToolArgumentsInvalid(EffectFailed):
    """The arguments of a tool do not fit its schema, after every repair."""

    def __init__(
        self, message: str, *, tool: str | None = None, hint: str | None = None, run_id: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, run_id=run_id)
        self.tool = tool


class AgentFailed(EffectFailed):
    """An agent that was called ended without an output."""


class PlanError(EffectFailed):
    """A plan is invalid, unknown, or may not make the step that was asked."""


class ReferenceNotFound(EffectFailed):
    """A handle is unknown, expired, or of another tenant."""


class GlimpseTooLarge(EffectFailed):
    """The glimpse of a reference is larger than a model may be shown."""


class TimedOut(EffectFailed):
    """The time given to a program, a tool or a model ran out."""


class ApprovalError(FlowaiError):
    """An approval was refused or could not be given."""


class ApprovalRejected(ApprovalError):
    """A human refused.

    Args:
        reason: What the human said.
    """

    def __init__(
        self, message: str, *, reason: str | None = None, hint: str | None = None, run_id: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, run_id=run_id)
        self.reason = reason


class ApprovalExpired(ApprovalRejected):
    """Nobody answered in time, which counts as a rejection."""


class UnknownApproval(ApprovalError):
    """No approval of this tenant has that id."""


class ApprovalConflict(ApprovalError):
    """The approval was answered before, with other content."""

    advice = "the first answer counts, and this one changed nothing; `runtime.events(run_id)` tells what became of it"


class LimitReached(FlowaiError):
    """A budget of the run is used up.

    Args:
        limit: The name of the limit.
        value: Its value.
        scope: Whose it is: `agent`, `run` or `thread`.
    """

    def __init__(
        self,
        message: str,
        *,
        limit: str | None = None,
        value: float | None = None,
        scope: str | None = None,
        hint: str | None = None,
        run_id: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, run_id=run_id)
        self.limit = limit
        self.value = value
        self.scope = scope


class Crashed(FlowaiError):
    """A test ended the run as if its process had died; nothing was cleaned up."""


class StorageError(FlowaiError):
    """The store of journals and state failed."""

    advice = "look at the file or the server that `storage` names, and try again: what was kept before stays as it is"


class RunNotFound(StorageError):
    """No such run of this tenant is kept."""


class RunOwned(StorageError):
    """Another process drives the run; answers reach it there."""


class JournalBroken(StorageError):
    """What is kept of a run is not what was written; nothing of it was used."""


class ThreadBusy(FlowaiError):
    """The thread has an active run; its id is `run_id`.

    Args:
        approvals: The ids of the approvals for which that run waits.
    """

    def __init__(
        self, message: str, *, approvals: Sequence[str] = (), hint: str | None = None, run_id: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, run_id=run_id)
        self.approvals = tuple(approvals)


class RunCancelled(FlowaiError):
    """The run was cancelled; this is what its caller gets."""


class Cancelled(BaseException):
    """Thrown into a program when it is cancelled.

    It is no `Exception`, so that `except Exception`, `catch`, `fallback` and `retry` let it pass.
    """
