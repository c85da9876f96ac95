"""What a runtime can do with a plan by its id: show it, and take back what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowai.interpreters.afterwards import executor_of, found, undoing
from flowai.interpreters.plan_record import PlanRecord
from flowai.interpreters.refusals import known
from flowai.interpreters.verbs import Verbs
from flowai.specs.tenant import chosen_tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowai.interpreters.run import Run


class PlanVerbs(Verbs):
    """The verbs on plans."""

    def plan(self, plan_id: str, *, tenant: str | None = None) -> PlanRecord:
        """Return a plan with its actions and its history: who stored, rejected or approved what, when and why.

        Raises:
            PlanError: There is no such plan of this tenant.
        """
        written = self.native.plan(chosen_tenant(tenant, self.spec.tenant), known("plan_id", plan_id))
        return found(None if written is None else PlanRecord.read(written), plan_id)

    def undo(
        self,
        plan_id: str,
        actions: Sequence[int] | None = None,
        *,
        principal: str | None = None,
        tenant: str | None = None,
        context: Any = None,
        queue: bool = False,
    ) -> Run[Any]:
        """Take back what a plan did, last action first, and return the run at once.

        Each declared undo is called like any tool of the executor: its rules may ask a human first. The first
        that fails ends the run; its action counts as done, as before.

        Args:
            plan_id: A plan that was executed, or has failed.
            actions: Which of its actions; by default all that are done and declare an undo.
            principal: Who takes them back; the plan keeps the name.
            tenant: Whose plan it is; by default the runtime's own tenant.
            context: What tools find under `ctx.services` in place of the runtime's services.
            queue: Whether to wait for the thread's active run instead of failing.

        Raises:
            PlanError: There is no such plan of this tenant; of the run: it has not ended, or an action is not done,
                was undone before, or declares no undo. Nothing was taken back then.
            SpecError: No executor has a dispatcher for this kind of plan.
            ThreadBusy: The thread has an active run and `queue` is false.

        Example:
            `run = await runtime.undo(plan_id, [2], principal="ana"); run.output["undone"]`
        """
        record = self.plan(plan_id, tenant=tenant)
        executor, chosen = executor_of(self.spec, record.plan), None if actions is None else list(actions)
        thread_id = None if record.thread_id.startswith("run:") else record.thread_id
        return self._take_up(
            undoing(executor, plan_id, chosen, principal or ""),
            f"undo {plan_id}",
            thread_id,
            tenant=tenant,
            principal=principal,
            context=context,
            queue=queue,
        )
