"""Law 12: no gated call without its own approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flowai.effects import AwaitApproval, Clock, Sleep
from flowai.errors import ApprovalRejected
from flowai.interpreters import Crashes, Delays, Eval
from flowai.laws.gate import Gatekeeper
from flowai.laws.law import Subject, law, outcome_of
from flowai.laws.samples import World, nothing
from flowai.laws.strategies import schedules, scripts
from flowai.laws.tools import WRITES, KeepsAfter, gated_programs, keep, send
from flowai.programs import Do, catch, fallback, gather, program, race, retry, timeout
from flowai.specs.decision import Approve, Reject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowai.specs.decision import Decision

DECISIONS: st.SearchStrategy[list[Decision]] = st.lists(
    st.one_of(st.just(Approve()), st.just(Reject("no")), st.just(Approve(edits={"line": "edited"}))), max_size=12
)
FAULTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["AwaitApproval", "CallTool", "0", "1", "0.0.0", "0.1.0"]),
    st.sampled_from([OSError("torn"), Delays(700), Delays(90_000_000), Crashes(), Crashes(before=False)]),
    max_size=2,
)


def watched(subject: Subject, drawn: Any, decisions: list[Decision], **options: Any) -> tuple[Any, Gatekeeper]:
    """Run a program, and hold what was written against what was approved.

    Raises:
        AssertionError: Something was written that no approval let out.
    """
    WRITES.clear()
    script = options.pop("script", {})
    run = World(script).served(subject.native(decisions=decisions, **options)).run(drawn)
    keeper = Gatekeeper().read(run.events)
    assert len(WRITES) <= keeper.calls, "what is written was called"
    return run, keeper


@law(12, is_timed=True, is_native=True, drawn=gated_programs(), decisions=DECISIONS, script=scripts(), seed=schedules())
def no_gated_call_without_its_approval(
    subject: Subject, drawn: Any, decisions: list[Decision], script: Mapping[str, int], seed: int
) -> None:
    """An earlier, matching, unused and unexpired one, under every program, script and schedule."""
    watched(subject, drawn, decisions, script=script, seed=seed)


@law(12, is_timed=True, is_native=True, drawn=gated_programs(), decisions=DECISIONS, faults=FAULTS, seed=schedules())
def no_gated_call_without_its_approval_when_things_go_wrong(
    subject: Subject, drawn: Any, decisions: list[Decision], faults: dict[str, Any], seed: int
) -> None:
    """The same where questions and calls fail, come late, or the process dies."""
    watched(subject, drawn, decisions, faults=faults, seed=seed)


@law(12, is_timed=True, is_native=True, drawn=gated_programs(), decisions=DECISIONS, script=scripts(), seed=schedules())
def a_replay_calls_nothing(
    subject: Subject, drawn: Any, decisions: list[Decision], script: Mapping[str, int], seed: int
) -> None:
    """A recorded approval lets no second call out, of the recorded program or another one."""
    run, _ = watched(subject, drawn, decisions, script=script, seed=seed)
    WRITES.clear()
    replaying = Eval(subject.native()).replay(run.recording)
    for again in (drawn, keep("x"), catch(drawn, KeepsAfter("x"))):
        Gatekeeper().read(World(script).served(replaying).run(again).events)
    assert WRITES == []


@law(12, is_native=True, decisions=st.lists(st.booleans(), min_size=1, max_size=5))
def one_approval_lets_out_one_call(subject: Subject, decisions: list[bool]) -> None:
    """Each call needs an approval of its own, the same call again too."""
    asked = [keep("x") for _ in decisions]
    given: list[Decision] = [Approve() if yes else Reject("no") for yes in decisions]
    run, keeper = watched(subject, gather(*(catch(each, zero, on=ApprovalRejected) for each in asked)), given)
    assert run.value == tuple(int(yes) for yes in decisions)
    assert keeper.calls == len(WRITES) == sum(decisions)


@law(12, is_native=True, attempts=st.integers(1, 4))
def every_attempt_needs_an_approval(subject: Subject, attempts: int) -> None:
    """A retry asks again; the approval of the attempt that failed is used."""
    again = retry(keep("bad"), attempts=attempts)
    run, keeper = watched(subject, again, [Approve() for _ in range(attempts)])
    assert outcome_of(lambda: run.value)[0] == "ToolFailed"
    assert keeper.calls == len(keeper.asked) == len(WRITES) == attempts


@law(12, is_native=True)
def a_refusal_has_no_call_after_it(subject: Subject) -> None:
    """Neither `retry`, `fallback` nor `catch` makes a no a yes."""
    for kept in (
        send("x"),
        retry(keep("x"), attempts=3),
        fallback(keep("x"), keep("y")),
        catch(keep("x"), KeepsAfter("z")),
    ):
        _, keeper = watched(subject, kept, [Reject("no")] * 3)
        assert WRITES == []
        assert keeper.calls == 0


@law(12, is_native=True)
def what_is_called_is_what_was_approved(subject: Subject) -> None:
    """Edits count, and nothing that was not shown does."""
    run, _ = watched(subject, send("x"), [Approve(edits={"line": "edited"})])
    assert run.value == len("edited")
    assert WRITES == ["edited"]


@law(12, is_timed=True, is_native=True, seed=schedules())
def an_approval_that_comes_too_late_is_none(subject: Subject, seed: int) -> None:
    """Whoever stopped waiting, by a timeout or a lost race, calls nothing."""
    late = {"AwaitApproval": Delays(5_000)}
    for cut in (timeout(keep("x"), 1), race(keep("x"), nothing(Sleep(1)))):
        watched(subject, cut, [Approve()], faults=late, seed=seed)
        assert WRITES == []


@law(12, is_native=True, answers=st.lists(st.sampled_from(["approve", "reject", "raise"]), min_size=1, max_size=3))
def a_handler_that_stands_in_for_a_human_is_asked(subject: Subject, answers: list[str]) -> None:
    """A handler for `AwaitApproval` decides as a human would."""
    WRITES.clear()
    left = list(answers)

    def decide(asked: AwaitApproval[Any]) -> Any:
        answer = left.pop(0)
        if answer == "approve":
            return asked.subject
        raise ApprovalRejected("rejected") if answer == "reject" else OSError("nobody there")

    served = subject.native().handling(AwaitApproval, decide)
    run = served.run(gather(*(catch(keep("x"), zero) for _ in answers)))
    assert run.value == tuple(int(answer == "approve") for answer in answers)
    assert len(WRITES) == answers.count("approve")


@program
def zero(_: Exception) -> Do[Clock, int]:
    """Answer with zero, whatever went wrong."""
    yield from Sleep(0)
    return 0
