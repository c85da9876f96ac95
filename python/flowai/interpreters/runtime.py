"""A runtime: agents ready to be asked, the approvals they wait for, the threads they remember."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flowai import _bridge
from flowai.effects.call_agent import CallAgent
from flowai.errors import SpecError, ThreadBusy
from flowai.interpreters.drive import Drive
from flowai.interpreters.edits import check_choice, checked_edits
from flowai.interpreters.interpreter import Interpreter, native_answers
from flowai.interpreters.policy import explain
from flowai.interpreters.run import Run
from flowai.interpreters.setting import Setting
from flowai.interpreters.threads import Threads
from flowai.interpreters.wiring import warnings_of
from flowai.programs.program import Program, asked
from flowai.specs.agent import ExecutorSpec, PlannerSpec
from flowai.specs.decision import to_decision

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from flowai.errors import Fault
    from flowai.interpreters.blocking import Blocking
    from flowai.interpreters.policy import PolicyExplanation
    from flowai.specs.agent import AgentSpec
    from flowai.specs.decision import DecisionLike
    from flowai.specs.plan import Plan
    from flowai.specs.runtime import RuntimeSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingApproval:
    """Something that waits for a human."""

    approval_id: str
    kind: str
    """`tool`, `plan`, `in_doubt` or `program`."""
    title: str
    subject: Any
    """What would run, as it was bound to the approval."""
    tool: str | None
    plan_id: str | None
    revision: int | None
    cards: tuple[Any, ...]
    digest: str
    rule: str
    expires_at: int
    """In milliseconds since the Unix epoch."""
    run_id: str
    thread_id: str | None
    agent: str | None
    tenant: str

    @classmethod
    def read(cls, written: dict[str, Any]) -> PendingApproval:
        """Read what the native part keeps of an approval."""
        fields: dict[str, Any] = {**written, "cards": tuple(written["cards"])}
        return cls(**fields)


class Runtime:
    """What `create_runtime` makes: query it, answer its approvals, run its specialists."""

    def __init__(self, spec: RuntimeSpec, services: Any, interpreter: Interpreter[Any]) -> None:
        self.spec = spec
        self.services = services
        self.interpreter = interpreter
        self.warnings: list[Fault] = warnings_of(spec)
        self._native = _bridge.Runtime(spec.to_json(), list(spec.agents))
        self._plans = _plans_of(spec)
        self._threads = Threads()
        self._drawn = 0

    # Asking

    def query(
        self,
        message: str,
        *,
        thread_id: str,
        tenant: str | None = None,
        principal: str | None = None,
        context: Any = None,
        request_id: str | None = None,
        queue: bool = False,
    ) -> Run[Any]:
        """Ask the coordinator, and return the run at once.

        Args:
            message: What the user says.
            thread_id: The conversation; one run of it may be active.
            tenant: Whose data it works on; by default the runtime's own tenant.
            principal: On whose behalf.
            context: What tools find under `ctx.services` in place of the runtime's services.
            request_id: A name for this call; a repeated call joins the run it began.
            queue: Whether to wait for the thread's active run instead of failing.

        Raises:
            SpecError: The runtime has no coordinator.
            ThreadBusy: The thread has an active run and `queue` is false.

        Example:
            `async for event in runtime.query("Say hello", thread_id="thread-1"): print(event)`
        """
        coordinator = self._coordinator()
        return self._ask(
            coordinator,
            message,
            thread_id,
            tenant=tenant,
            principal=principal,
            context=context,
            request_id=request_id,
            queue=queue,
        )

    def run_specialist(
        self,
        name: str,
        message: str,
        *,
        thread_id: str | None = None,
        tenant: str | None = None,
        principal: str | None = None,
        context: Any = None,
        request_id: str | None = None,
        queue: bool = False,
    ) -> Run[Any]:
        """Ask one agent directly, past the coordinator, and return the run at once.

        Raises:
            SpecError: There is no such agent.
            ThreadBusy: The thread has an active run and `queue` is false.
        """
        agent = self._agent(name)
        return self._ask(
            agent,
            message,
            thread_id,
            tenant=tenant,
            principal=principal,
            context=context,
            request_id=request_id,
            queue=queue,
        )

    def program(self, message: str) -> Program[Any, Any]:
        """Return the very program that `query` runs for a message."""
        return asked(CallAgent(self._coordinator(), message))

    def run_program(self, program: Any, *, thread_id: str | None = None, **options: Any) -> Run[Any]:
        """Run a program with the runtime's agents, policy, store and interpreter."""
        return self._begin(asked(program), asked(program).label(), thread_id, None, **options)

    # Approvals

    async def respond_to_approval(
        self,
        approval_id: str,
        decision: DecisionLike,
        *,
        principal: str | None = None,
        tenant: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Answer an approval; the run goes on. The same answer again changes nothing.

        Args:
            approval_id: As the event `approval_required` gives it.
            decision: `"approve"`, `"reject"`, `Approve(...)` or `Reject("why")`.
            principal: Who decides.
            tenant: Whose approval it is; by default the runtime's own tenant.
            reason: Why, beside `"reject"`.

        Raises:
            UnknownApproval: No such approval of this tenant is known.
            ApprovalConflict: It was answered otherwise before.
            ApprovalExpired: It is too late.
            ApprovalError: The edits do not fit; nothing was decided.
        """
        self.respond_here(approval_id, decision, principal=principal, tenant=tenant, reason=reason)

    def respond_here(
        self,
        approval_id: str,
        decision: DecisionLike,
        *,
        principal: str | None = None,
        tenant: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Answer an approval without a loop, on any thread."""
        written = to_decision(decision).to_json()
        if reason is not None:
            written["reason"] = reason
        tenant = tenant or self.spec.tenant.id
        drive = self._threads.waiting_for(approval_id, tenant)
        if drive is None:
            # The store knows what was decided after the run is gone; it can only compare.
            drive = self._drive(self.interpreter, None, tenant, None, None)
        self._check(approval_id, written, drive)
        drive.session.decide(approval_id, written, principal, drive.clock())
        drive.nudge()

    def _check(self, approval_id: str, written: dict[str, Any], drive: Drive) -> None:
        pending = self.pending_approvals(tenant=drive.setting.tenant)
        found = next((each for each in pending if each.approval_id == approval_id), None)
        if found is None or found.plan_id is None:
            return
        plan = self._plans[self._native.plan(drive.setting.tenant, found.plan_id)["plan"]]
        check_choice(plan, found.subject, written.get("actions") or [])
        if written.get("edits"):
            written["edits"] = checked_edits(plan, found.subject, written["edits"])

    def pending_approvals(self, *, tenant: str | None = None, thread_id: str | None = None) -> list[PendingApproval]:
        """Return what waits for a human, the oldest first."""
        found = self._native.pending(tenant or self.spec.tenant.id, thread_id)
        return sorted(map(PendingApproval.read, found), key=lambda each: self._threads.age(each.approval_id))

    def explain_policy(self) -> PolicyExplanation:
        """Return which rule decides for each agent and tool; it prints as a table."""
        return explain(self.spec)

    # Life

    @property
    def blocking(self) -> Blocking:
        """The same verbs for callers without a loop."""
        from flowai.interpreters.blocking import Blocking

        return Blocking(self)

    async def close(self) -> None:
        """Cancel what still runs and wait for its cleanups; runs that wait for a human are left alone."""
        for run in self._threads.active():
            if not run.is_paused:
                run.cancel("the runtime was closed")
                await asyncio.wait([asyncio.ensure_future(run.drive.finish())])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<runtime of `{self.spec.tenant.id}` with {len(self.spec.agents)} agents>"

    # Within

    def _coordinator(self) -> AgentSpec[Any]:
        for agent in self.spec.agents:
            if agent.role == "coordinator":
                return agent
        hint = 'ask an agent directly: `runtime.run_specialist("name", message)`'
        raise SpecError("the runtime has no coordinator to query", hint=hint)

    def _agent(self, name: str) -> AgentSpec[Any]:
        found = self.spec.agent(name)
        if found is None:
            names = ", ".join(f"`{each.name}`" for each in self.spec.agents)
            raise SpecError(f"there is no agent `{name}`", hint=f"there are {names}")
        return found

    def _ask(self, agent: AgentSpec[Any], message: str, thread_id: str | None, **options: Any) -> Run[Any]:
        return self._begin((agent.name, message), f"{agent.name}: {message}", thread_id, agent, **options)

    def _begin(  # noqa: PLR0913 — what `query` takes
        self,
        task: Any,
        name: str,
        thread_id: str | None,
        agent: AgentSpec[Any] | None,
        *,
        tenant: str | None = None,
        principal: str | None = None,
        context: Any = None,
        request_id: str | None = None,
        queue: bool = False,
    ) -> Run[Any]:
        tenant = tenant or self.spec.tenant.id
        joined = self._threads.joined(tenant, request_id)
        if joined is not None:
            return joined
        busy = self._threads.busy(tenant, thread_id)
        if busy is not None and not queue:
            hint = "answer its approvals, wait for it, or pass `queue=True`"
            raise ThreadBusy(
                f"thread `{thread_id}` has the active run `{busy.run_id}`",
                approvals=busy.waiting(),
                hint=hint,
                run_id=busy.run_id,
            )
        self._drawn += 1
        interpreter = self.interpreter.of_query(self._drawn)
        drive = self._drive(interpreter, thread_id, tenant, principal, context)
        run: Run[Any] = Run(drive, None if agent is None else _decoder(agent))
        self._threads.add(tenant, thread_id, request_id, drive, run)
        if busy is None:
            drive.start(name, task)
        else:
            drive.start_after(busy.drive, name, task)
        return run

    def _drive(
        self, interpreter: Interpreter[Any], thread_id: str | None, tenant: str, principal: str | None, context: Any
    ) -> Drive:
        config: dict[str, Any] = {
            **interpreter.config(),
            "thread_id": thread_id,
            "tenant": tenant,
            "principal": principal,
        }
        if interpreter.is_virtual:
            config["run_id"] = f"run-{self._drawn}"
        config["attended"] = True
        setting = Setting(
            run_id=config["run_id"],
            thread_id=thread_id,
            tenant=tenant,
            principal=principal,
            services=self.services if context is None else context,
            plans=self._plans,
            turns=interpreter.turns(),
            failures=interpreter.failures(),
            answers=interpreter.answers,
            is_virtual=interpreter.is_virtual,
            starts_at=config.get("starts_at", 0),
        )
        return Drive(_bridge.Session(self._native, config, native_answers(interpreter.answers)), setting)


def _plans_of(spec: RuntimeSpec) -> dict[str, Plan[Any]]:
    found = [agent.plan for agent in spec.agents if isinstance(agent, PlannerSpec | ExecutorSpec)]
    return {plan.name: plan for plan in found}


def _decoder(agent: AgentSpec[Any]) -> Any:
    """Return how the output of an agent is read: text as it is, a typed output by its type."""
    if agent.output is None:
        return None
    from flowai.effects.codec import Codec

    return cast("Any", Codec.of(agent.output, where=f"agent `{agent.name}`").decode)
