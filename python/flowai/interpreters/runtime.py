"""A runtime: agents ready to be asked, the approvals they wait for, the threads they remember."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Any, cast

from flowai import _bridge
from flowai.effects.call_agent import CallAgent
from flowai.errors import Fault, FlowaiError, RunOwned, ThreadBusy
from flowai.events.visible import shortened
from flowai.interpreters.afterwards import Beginning
from flowai.interpreters.agents import agent_of, coordinator_of, decoder_of, plans_of
from flowai.interpreters.approval_verbs import ApprovalVerbs
from flowai.interpreters.interpreter import Interpreter
from flowai.interpreters.kept import KeptVerbs
from flowai.interpreters.opening import Opening, Place
from flowai.interpreters.plan_verbs import PlanVerbs
from flowai.interpreters.policy import check_policies, explain
from flowai.interpreters.prices import cost_of
from flowai.interpreters.refusals import check_message, check_names, thread_busy
from flowai.interpreters.run import Run
from flowai.interpreters.threads import Threads
from flowai.interpreters.wiring import warnings_of
from flowai.programs.program import Program, asked
from flowai.specs.budget import Budget, checked_budget
from flowai.specs.tenant import chosen_tenant

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from flowai.interpreters.blocking import Blocking
    from flowai.interpreters.drive import Drive
    from flowai.interpreters.policy import PolicyExplanation
    from flowai.interpreters.threads import Active
    from flowai.specs.agent import AgentSpec
    from flowai.specs.runtime import RuntimeSpec


class Runtime(ApprovalVerbs, PlanVerbs, KeptVerbs):
    """What `create_runtime` makes: query it, answer its approvals, run its specialists."""

    def __init__(
        self, spec: RuntimeSpec, services: Any, interpreter: Interpreter[Any], storage: str | None = None
    ) -> None:
        self.spec = spec
        self.services = services
        self.interpreter = interpreter
        self.warnings: list[Fault] = warnings_of(spec)
        check_policies(spec.to_json(), interpreter.policies())
        self.native = _bridge.Runtime(
            spec.to_json(), list(spec.agents), list(interpreter.policies()), interpreter.world(spec.providers), storage
        )
        self.shelf = _bridge.Shelf(self.native)
        self.plans = plans_of(spec)
        self.threads = Threads()
        self.cost = cost_of({**spec.prices, **interpreter.prices})
        self._drawn = 0
        self._drains = False
        self._opening = Opening(self)

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
        budget: Budget | None = None,
    ) -> Run[Any]:
        """Ask the coordinator, and return the run at once.

        Args:
            message: What the user says.
            thread_id: The conversation; one run of it may be active.
            tenant: Whose data it works on; by default the runtime's own tenant.
            principal: On whose behalf.
            context: What tools find under `ctx.services` in place of the runtime's services.
            request_id: A name for this call; a repeated call joins the run it began. Of the runs that are
                over, the last 256 of the last hour are remembered.
            queue: Whether to wait for the thread's active run instead of failing.
            budget: What this run may use; it narrows the runtime's own budget and never widens it.

        Raises:
            SpecError: The runtime has no coordinator, or the message or a name is no text.
            ValueNotJson: The message holds half a character, which no JSON can.
            ThreadBusy: The thread has an active run and `queue` is false.

        Example:
            `async for event in runtime.query("Say hello", thread_id="thread-1"): print(event)`
        """
        return self.ask(
            None,
            message,
            thread_id=thread_id,
            tenant=tenant,
            principal=principal,
            context=context,
            request_id=request_id,
            queue=queue,
            budget=budget,
        )

    def run_specialist(  # noqa: PLR0913 — what `query` takes, and a name
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
        budget: Budget | None = None,
    ) -> Run[Any]:
        """Ask one agent directly, past the coordinator, and return the run at once.

        Raises:
            SpecError: There is no such agent, or the message or a name is no text.
            ValueNotJson: The message holds half a character, which no JSON can.
            ThreadBusy: The thread has an active run and `queue` is false.
        """
        return self.ask(
            name,
            message,
            thread_id=thread_id,
            tenant=tenant,
            principal=principal,
            context=context,
            request_id=request_id,
            queue=queue,
            budget=budget,
        )

    def ask(self, name: str | None, message: str, *, thread_id: str | None = None, **options: Any) -> Run[Any]:
        """Ask one agent, or the coordinator where no name is given; takes what `query` takes."""
        agent = coordinator_of(self.spec) if name is None else agent_of(self.spec, name)
        check_message(message)
        # A name is read in lists; what was said in full stands in the run itself, once.
        name = shortened(f"{agent.name}: {message}")
        return self._begin((agent.name, message), name, thread_id, agent, **options)

    def program(self, message: str) -> Program[Any, Any]:
        """Return the very program that `query` runs for a message."""
        return asked(CallAgent(coordinator_of(self.spec), message))

    def run_program(self, program: Any, *, thread_id: str | None = None, **options: Any) -> Run[Any]:
        """Run a program with the runtime's agents, policy, store and interpreter."""
        return self._begin(asked(program), asked(program).label(), thread_id, None, **options)

    def explain_policy(self) -> PolicyExplanation:
        """Return which rule decides for each agent and tool; it prints as a table."""
        return explain(self.spec, self.interpreter.policies())

    # Life

    def _check_open(self) -> None:
        if self._drains:
            raise FlowaiError("the runtime takes nothing new: it was drained", hint="ask another process")

    def under(self, interpreter: Interpreter[Any], services: Any = None) -> Runtime:
        """Return the same agents with an empty store, answered by another interpreter; for evals and laws.

        The wiring is compiled once where neither interpreter adds rules or asks real models.
        """
        kept = self.services if services is None else services
        if any(_asks_more(each, self.spec) for each in (interpreter, self.interpreter)):
            return Runtime(self.spec, kept, interpreter)
        here = copy.copy(self)
        here.services, here.interpreter, here._drawn = kept, interpreter, 0
        here.native, here.threads = self.native.fresh(), Threads()
        here.shelf, here._opening = _bridge.Shelf(here.native), Opening(here)
        return here

    @property
    def blocking(self) -> Blocking:
        """The same verbs for callers without a loop."""
        from flowai.interpreters.blocking import Blocking

        return Blocking(self)

    async def close(self) -> None:
        """Cancel what still runs and wait for its cleanups; runs that wait for a human are left alone."""
        left = [each for each in self.threads.active() if not each.is_paused]
        for each in left:
            each.cancel("the runtime was closed")
        await asyncio.gather(*(each.drive.finish() for each in left), return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<runtime of `{self.spec.tenant.id}` with {len(self.spec.agents)} agents>"

    def unasked(self) -> list[Fault]:
        """Return the agents whose models nobody can be asked, with the reason; the environment is read for it."""
        faults = ((agent.name, self.native.unasked(agent.model, dict(agent.settings))) for agent in self.spec.agents)
        return [Fault(f"agent `{name}`", each["message"], each["hint"]) for name, each in faults if each]

    def _take_up(self, beginning: Beginning, name: str, thread_id: str | None, **options: Any) -> Run[Any]:
        return self._begin(beginning, name, thread_id, None, **options)

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
        apart: bool = False,
        budget: Budget | None = None,
    ) -> Run[Any]:
        tenant = chosen_tenant(tenant, self.spec.tenant)
        # What comes after a run takes nothing from a script.
        is_query = not isinstance(task, Beginning)
        check_names(thread_id=thread_id, principal=principal, request_id=request_id)
        limits = checked_budget(budget)
        self._check_open()
        keep = self._opening.keep(task, name, request_id, limits)
        self.threads.check_loops(tenant, thread_id)
        with self.threads.lock:
            joined = self._opening.joined(tenant, request_id)
            if joined is not None:
                return joined
            busy = self.threads.busy(tenant, thread_id) or self._opening.busy(tenant, thread_id, queue=queue)
            found = None
            if busy is None or queue:
                found = self._drawn_run(agent, (thread_id, tenant, principal, context, limits), keep, is_query=is_query)
                self.threads.add(tenant, thread_id, request_id, *found)
        # Outside the lock: whoever holds a run may begin another one.
        if found is None:
            raise thread_busy(cast("Active", busy))
        drive, run = found
        try:
            if busy is None:
                drive.start(name, task, apart=apart)
            else:
                drive.start_after(busy.drive, name, task, apart=apart)
        except (RunOwned, ThreadBusy) as error:
            self.threads.remove(run)
            return self._opening.beside(error, tenant, thread_id, request_id)
        except BaseException:
            self.threads.remove(run)
            raise
        return run

    def _drawn_run(
        self,
        agent: AgentSpec[Any] | None,
        place: tuple[Any, ...],
        keep: dict[str, Any] | None,
        *,
        is_query: bool,
    ) -> tuple[Drive, Run[Any]]:
        self._drawn += 1
        interpreter = self.interpreter.of_query(self._drawn) if is_query else self.interpreter
        if keep is not None:
            keep["body"]["query"] = self._drawn if is_query else None
        drive = self._opening.drive(interpreter, Place(*place), is_query=is_query, keep=keep)
        return drive, Run(drive, None if agent is None else decoder_of(agent))


def _asks_more(interpreter: Interpreter[Any], spec: RuntimeSpec) -> bool:
    return bool(interpreter.policies() or interpreter.prices or interpreter.world(spec.providers))
