"""Exploring a runtime of one's own: one case, with everything going wrong at every effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import ContentRefused, FlowaiError, ModelTimedOut, ScriptMismatch, SpecError, TimedOut
from flowai.evals.gates import Watching
from flowai.interpreters.test import Test
from flowai.laws.pasted import pasted
from flowai.laws.trial import Attempt, Trial
from flowai.specs.decision import Approve, Reject
from flowai.specs.testing import TestingConfig
from flowai.specs.trouble import Crashes

if TYPE_CHECKING:
    from flowai.interpreters.runtime import Runtime

APPROVALS_MAX = 50


Invariant = Watching | Callable[[Trial], object]
"""A gate of `flowai.evals`, or a function of a trial: false, a failed assertion, or a text that says why, where it does
not hold."""


class InvariantBroken(FlowaiError, AssertionError):
    """An invariant does not hold; the message has a script that can be pasted into a test."""


@dataclass(frozen=True)
class Exploration:
    """Every trial of an exploration in which all invariants held."""

    trials: tuple[Trial, ...] = field(repr=False)

    def __str__(self) -> str:
        """Say how much was tried."""
        ways = sorted({trial.what.partition(" at ")[0] for trial in self.trials})
        return f"{len(self.trials)} runs, every invariant held: {', '.join(ways)}"


def explore(
    runtime: Runtime,
    prompt: str,
    *,
    invariants: Sequence[Invariant],
    testing: TestingConfig | None = None,
    agent: str | None = None,
    services: Callable[[], Any] | None = None,
    timeout_s: float = 30.0,
) -> Exploration:
    """Run one case with a crash, a timeout, a refusal and a rejection at every effect, and check invariants.

    That every run ends is always one of them.

    Args:
        runtime: your agents; its own interpreter is not asked.
        prompt: what is asked.
        invariants: what must hold in every run, whatever goes wrong.
        testing: what models say; the runtime's own script where none is given. Humans approve until one rejects.
        agent: the specialist that is asked, in place of the coordinator.
        services: makes what tools work on, anew for each run.
        timeout_s: how long a run may take, in real seconds. One that takes longer is left where it is: an async
            tool is cancelled, and one that never waits goes on behind until the process ends.

    Raises:
        InvariantBroken: with the shortest script that still breaks it.
        SpecError: there is no script, `invariants` is no list of them, or the case does not even run when nothing goes
            wrong.
    """
    if isinstance(timeout_s, bool) or not timeout_s > 0:
        raise SpecError(f"`timeout_s` is {timeout_s!r}", hint="give seconds above zero")
    case = _Case(runtime, prompt, agent, services, _taken(invariants), timeout_s)
    first = case.approved(testing or _own(runtime))
    case.check(first)
    trials = [first]
    for what, changed in _ways(case, first):
        trials.append(case.tried(what, changed))
        case.check(trials[-1])
    return Exploration(tuple(trials))


@dataclass(frozen=True)
class _Case:
    runtime: Runtime
    prompt: str
    agent: str | None
    services: Callable[[], Any] | None
    invariants: tuple[Invariant, ...]
    timeout_s: float
    recordings: list[Any] = field(default_factory=list[Any])

    def tried(self, what: str, testing: TestingConfig) -> Trial:
        services = self.services or (lambda: self.runtime.services)
        attempt = Attempt(self.runtime, self.agent, self.prompt, services)
        trial, recording = attempt.tried(what, testing, self.timeout_s)
        self.recordings.append(recording)
        return trial

    def approved(self, testing: TestingConfig) -> Trial:
        """Return the run in which nothing goes wrong, with as many approvals as it needs."""
        if testing.decisions is not None:
            first = self.tried("nothing", testing)
        else:
            first = self.tried("nothing", replace(testing, decisions=()))
            for count in range(1, APPROVALS_MAX):
                if first.error is None or "nobody answers the approval" not in str(first.error):
                    break
                first = self.tried("nothing", replace(testing, decisions=(Approve(),) * count))
        if first.error is not None:
            hint = "give a script under which the case ends well"
            raise SpecError(f"the case fails when nothing goes wrong: {first.error}", hint=hint)
        return first

    def broken(self, trial: Trial) -> tuple[Invariant | None, str] | None:
        """Return which invariant does not hold and why, or nothing; that every run ends has no function."""
        if not trial.has_ended:
            last = trial.events[-1] if trial.events else {"type": "nothing"}
            where = f"`{last['type']}`" + (f" of `{last['tool']}`" if "tool" in last else "")
            return None, f"the run does not end within {self.timeout_s:g} s; the last that happened is {where}"
        broken = ((each, _why(each, trial)) for each in self.invariants)
        return next(((each, why) for each, why in broken if why is not None), None)

    def check(self, trial: Trial) -> None:
        found = self.broken(trial)
        if found is None:
            return
        shortest, why = self._shrunk(trial, *found)
        message = (
            f"an invariant is broken by {trial.what}: {why}\n\n{pasted(shortest.testing, self.prompt, self.agent)}"
        )
        raise InvariantBroken(message)

    def _shrunk(self, trial: Trial, invariant: Invariant | None, why: str) -> tuple[Trial, str]:
        """Take steps and decisions away one by one, as long as the same invariant still breaks."""
        while True:
            shorter = (self.tried(trial.what, each) for each in _shorter(trial.testing))
            broken = ((each, self._breaks(invariant, each)) for each in shorter)
            found = next(((each, told) for each, told in broken if told is not None), None)
            if found is None:
                return trial, why
            trial, why = found

    def _breaks(self, invariant: Invariant | None, trial: Trial) -> str | None:
        if trial.has_ended and invariant is not None:
            return _why(invariant, _as_far_as_scripted(trial))
        found = self.broken(trial)
        return found[1] if found is not None and found[0] is invariant else None


def _why(invariant: Invariant, trial: Trial) -> str | None:
    """Return the name of an invariant that does not hold, with its reason where it gives one."""
    if isinstance(invariant, Watching):
        found: object = invariant.broken_by(trial.events)
        name, holds = invariant.name, found is None
    else:
        found, name = _asserted(invariant, trial), getattr(invariant, "__name__", "invariant")
        holds = found is None or found is True
    if holds:
        return None
    return f"{name}: {found}" if isinstance(found, str) else name


def _taken(invariants: object) -> tuple[Invariant, ...]:
    listed = list(cast("Sequence[object]", invariants)) if isinstance(invariants, Sequence) else [None]
    if not all(isinstance(each, Watching) or (callable(each) and not isinstance(each, type)) for each in listed):
        hint = "write `invariants=[NoWriteWithoutDecision(), a_function_of_a_trial]`"
        raise SpecError(f"`invariants` is {invariants!r}", hint=hint)
    return tuple(cast("list[Invariant]", listed))


def _asserted(invariant: Callable[[Trial], object], trial: Trial) -> object:
    """Ask an invariant that may be written as tests are: an assertion that fails says why it does not hold."""
    try:
        return invariant(trial)
    except AssertionError as error:
        return str(error) or False
    except Exception as error:  # noqa: BLE001 — without its script nobody could see in which run it raised
        return f"it raised {type(error).__name__}: {error}"


def _as_far_as_scripted(trial: Trial) -> Trial:
    """Return a run that a script was too short for without its failing of that, which is no fault of the agents."""
    if not isinstance(trial.error, ScriptMismatch):
        return trial
    events = [event for event in trial.events if not _is_mismatch(event.get("error"))]
    return replace(trial, error=None, events=events)


def _is_mismatch(error: Any) -> bool:
    return error is not None and error["kind"] == "ScriptMismatch"


def _own(runtime: Runtime) -> TestingConfig:
    interpreter: Any = runtime.interpreter
    interpreter = getattr(interpreter, "inner", interpreter)
    if not isinstance(interpreter, Test):
        raise SpecError("nothing says what models answer", hint="give `testing=TestingConfig(script=...)`")
    return cast("Any", interpreter).testing  # type: ignore[no-any-return]


def _ways(case: _Case, first: Trial) -> Iterator[tuple[str, TestingConfig]]:
    testing, approvals = first.testing, 0
    for entry in list(case.recordings[-1]):
        if entry["record"] != "asked" or entry["effect"] == "CallAgent":
            continue
        effect, position = entry["effect"], entry["position"]
        troubles: dict[str, Any] = {
            "a crash before": Crashes(),
            "a crash after": Crashes(before=False),
            # Nobody attends a trial who could end a hanging one, so that it fails as at its time limit.
            "a timeout": ModelTimedOut("no answer in time") if effect == "CallModel" else TimedOut("no answer in time"),
            "a refusal": ContentRefused("refused") if effect == "CallModel" else PermissionError("refused"),
        }
        if effect == "AwaitApproval":
            decisions: list[Any] = list(testing.decisions or ())[:approvals]
            yield f"a rejection at {position}", replace(testing, decisions=(*decisions, Reject("no")))
            approvals += 1
        for name, trouble in troubles.items():
            yield f"{name} at {position} ({effect})", replace(testing, faults={position: trouble})


def _shorter(testing: TestingConfig) -> Iterator[TestingConfig]:
    script: Any = testing.script
    if isinstance(script, dict):
        by_agent = cast("dict[str, list[Any]]", script)
        for agent, steps in by_agent.items():
            yield from (replace(testing, script={**by_agent, agent: left}) for left in _without_one(steps))
    elif script:
        yield from (replace(testing, script=left) for left in _without_one(script))
    yield from (replace(testing, decisions=tuple(left)) for left in _without_one(testing.decisions or ()))


def _without_one(listed: Sequence[Any]) -> Iterator[list[Any]]:
    """Leave one out, the last first: what comes after the trouble can go most often."""
    for place in reversed(range(len(listed))):
        yield [each for index, each in enumerate(listed) if index != place]
