"""What a runtime can do with approvals: list what waits, and answer it, wherever its run is."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import ApprovalError, ReplayMismatch, RunOwned, SpecError
from flowai.interpreters.afterwards import running_again
from flowai.interpreters.edits import checked, standing_body
from flowai.interpreters.opening import Place
from flowai.interpreters.pending_approval import PendingApproval
from flowai.interpreters.refusals import check_names, known
from flowai.interpreters.verbs import Verbs
from flowai.interpreters.wake import now_ms
from flowai.specs.decision import to_decision
from flowai.specs.tenant import chosen_tenant

if TYPE_CHECKING:
    from flowai.interpreters.drive import Drive
    from flowai.specs.decision import DecisionLike

FOR_OTHERS = (RunOwned, ReplayMismatch, SpecError)
"""Why a kept run cannot go on here: it is driven elsewhere, or its program or tools are not here."""


class ApprovalVerbs(Verbs):
    """The verbs on approvals."""

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

        A write in doubt (kind `in_doubt`) is answered with `"happened"`, `"run_again"` or `"failed"`. Where its run
        is over, the answer moves its plan; `"run_again"` begins a run that makes just this call once more.

        Args:
            approval_id: As the event `approval_required` gives it.
            decision: `"approve"`, `"reject"`, `Approve(...)` or `Reject("why")`; of a write in doubt the words
                above, `Happened(result)`, `RunAgain()` or `Failed("why")`.
            principal: Who decides.
            tenant: Whose approval it is; by default the runtime's own tenant.
            reason: Why, beside `"reject"`.

        Raises:
            UnknownApproval: No such approval of this tenant is known.
            ApprovalConflict: It was answered otherwise before.
            ApprovalExpired: It is too late.
            ApprovalError: The edits do not fit; nothing was decided.
            FlowaiError: The run's loop is closed and its work was lost; nothing was decided.
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
        apart: bool = False,
    ) -> None:
        """Answer an approval without a loop, on any thread."""
        if principal is not None and not isinstance(cast("object", principal), str):
            raise ApprovalError(f"`principal` is {principal!r}", hint="name who decides, such as `ana`")
        if principal is None and self.shelf.is_durable:
            raise ApprovalError("nobody is named who decides", hint='give `principal="ana"`: the store keeps who did')
        approval_id = known("approval_id", approval_id)
        written = to_decision(decision).to_json()
        if reason is not None:
            written["reason"] = reason
        tenant = chosen_tenant(tenant, self.spec.tenant)
        written = self._checked(approval_id, written, tenant)
        drive = self.threads.waiting_for(approval_id, tenant) or self.threads.left_by(approval_id, tenant)
        if drive is None and self.shelf.is_durable:
            drive = self._drive_of(approval_id, tenant)
            if drive is None:
                self._answer_elsewhere(approval_id, written, principal, tenant)
                return
        if drive is None:
            # The store knows what was decided after the run is gone; it can only compare.
            drive = self._opening.drive(self.interpreter, Place(None, tenant), is_query=True)
        try:
            runs_again = drive.decide(approval_id, written, principal, apart=apart)
        except RunOwned:
            # It was let go here, and somebody else has taken it up since.
            self._answer_elsewhere(approval_id, written, principal, tenant)
            return
        if runs_again:
            self._run_again(approval_id, drive, principal)

    def _answer_elsewhere(self, approval_id: str, written: dict[str, Any], principal: str | None, tenant: str) -> None:
        self.shelf.answer(tenant, approval_id, written, principal, self._time_of(approval_id, tenant))
        found = self.shelf.approval(tenant, approval_id)
        if found is not None and self.shelf.is_free(tenant, found["run_id"]):
            # Whoever drove the run let it go before it could hear of the answer.
            with suppress(*FOR_OTHERS):
                self._opening.take_up(self._opening.reopened(tenant, found["run_id"])[0])

    def _time_of(self, approval_id: str, tenant: str) -> int:
        if not self.interpreter.is_virtual:
            return now_ms()
        # Virtual time waits for people, wherever they are.
        found = self.shelf.approval(tenant, approval_id)
        return 0 if found is None else found["expires_at"] - 1

    def _drive_of(self, approval_id: str, tenant: str) -> Drive | None:
        """Return the kept run that an approval is of; none where it is answered, unknown or not for this process."""
        found = self.shelf.approval(tenant, approval_id)
        if found is None or found["status"] != "pending":
            return None
        try:
            drive = self._opening.reopened(tenant, found["run_id"])[0]
        except FOR_OTHERS:
            return None
        return None if drive.has_stopped else drive

    def _checked(self, approval_id: str, written: dict[str, Any], tenant: str) -> dict[str, Any]:
        # Of this one alone: another one that somebody has changed must not stand in its way.
        found = self.shelf.approval(tenant, approval_id)
        if found is None or found["status"] != "pending" or found["kind"] != "plan":
            return written
        stored = self.native.plan(tenant, found["plan_id"])
        plan = self.plans.get(stored["plan"])
        return written if plan is None else checked(plan, standing_body(stored), written)

    def _run_again(self, approval_id: str, left_by: Drive, principal: str | None) -> None:
        was = left_by.setting
        self._take_up(
            running_again(left_by, approval_id),
            approval_id,
            was.thread_id,
            tenant=was.tenant,
            principal=principal or was.principal,
            context=was.services,
            queue=True,
        )

    def pending_approvals(self, *, tenant: str | None = None, thread_id: str | None = None) -> list[PendingApproval]:
        """Return what waits for a human, the oldest first."""
        check_names(thread_id=thread_id)
        found = [
            PendingApproval.read(each)
            for each in self.native.pending(chosen_tenant(tenant, self.spec.tenant), thread_id)
        ]
        if self.shelf.is_durable:
            return found
        return sorted(found, key=lambda each: self.threads.age(each.approval_id))
