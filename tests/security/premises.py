"""Runtimes that many tenants share, every verb of which is asked in the name of one of them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from flowai.errors import FlowaiError
from flowai.interpreters import Run
from flowai_harness import Runtime
from tests.harness.desk import turned_until
from tests.harness.errands import Call, errand
from tests.security.tenancy import Deeds, asking, loading, planned, runtime_on
from tests.security.tenants import CLERK, TENANTS, Begun, Tenant

OVER = ("finished", "failed", "cancelled")


def stranger(name: str) -> str:
    """Return a name of the same form that nobody has."""
    return f"{name[:-4]}{'beef' if name[-4:] != 'beef' else 'dead'}"


def outcome_of(call: Callable[[], Any], name: str = "") -> tuple[Any, ...]:
    """Return what a caller is told, with its name taken out."""

    def plain(text: object) -> str:
        return str(text).replace(name, "NAME") if name else str(text)

    try:
        return ("told", call())
    except FlowaiError as error:
        known = sorted((key, plain(value)) for key, value in vars(error).items() if key != "run_id")
        return ("refused", type(error).__name__, plain(error), known)


class Premises:
    """Two runtimes on one store, or one where the store is in memory, and the model beside them."""

    def __init__(self, storage: str | None) -> None:
        self.storage = storage
        self.loop = asyncio.new_event_loop()
        self.deeds = Deeds()
        first = runtime_on(storage, self.deeds)
        self.places = [first, first if storage is None else runtime_on(storage, self.deeds)]
        self.tenants = {name: Tenant(name) for name in TENANTS}
        self.names: dict[str, list[str]] = {"run": [], "approval": [], "plan": [], "note": []}
        self.count = 0

    def close(self) -> None:
        """Let go of the loop."""
        self.loop.close()

    def replaced(self, place: int) -> Runtime:
        """Put a runtime that knows nothing in the place of another."""
        self.places[place] = runtime_on(self.storage, self.deeds)
        return self.places[place]

    def named(self, what: str, pick: int) -> str:
        """Return a name that somebody has, the latest first."""
        names = self.names[what]
        return names[-1 - pick % len(names)]

    # Verbs

    def begin(self, place: int, tenant: Tenant, kind: str, thread: str | None, request: str | None) -> str:
        """Begin a run, or join one, and follow it to where it waits."""
        self.count += 1
        row = tenant.text("same" if kind == "same" else self.count)
        given: dict[str, Any] = {"tenant": tenant.name, "thread_id": thread, "request_id": request}
        run, message = self._do(lambda: _begun(self.places[place], kind, row, given))
        if run.run_id in tenant.runs and run.run_id == tenant.requests.get(request or ""):
            return str(run.run_id)
        assert run.run_id not in tenant.runs
        tenant.runs[run.run_id] = Begun(run, kind, thread, row, message)
        if request is not None:
            tenant.requests[request] = run.run_id
        if kind == "pay":
            tenant.done.append(row)
        self.follow(tenant, run.run_id)
        return str(run.run_id)

    def respond(self, place: int, tenant: Tenant, approval_id: str, word: str) -> None:
        """Answer an approval."""
        here = self.places[place]
        self._await(lambda: here.respond_to_approval(approval_id, word, principal="ana", tenant=tenant.name))  # type: ignore[arg-type]

    def decided(self, tenant: Tenant, approval_id: str, word: str) -> None:
        """Take a decision into the model, and follow its run."""
        asked = tenant.approvals[approval_id]
        asked.answer = word
        tenant.done += asked.rows if word == "approve" else ()
        self.follow(tenant, asked.run_id)

    def events(self, place: int, tenant: Tenant, run_id: str) -> Any:
        """Read what a kept run told."""
        return self.places[place].events(run_id, tenant=tenant.name)

    def verify(self, place: int, tenant: Tenant, run_id: str) -> Any:
        """Verify a kept run."""
        return self.places[place].verify(run_id, tenant=tenant.name)

    def recording(self, place: int, tenant: Tenant, run_id: str) -> Any:
        """Read the recording of a kept run."""
        return self._do(lambda: self.places[place].recording(run_id, tenant=tenant.name).records)

    def resume(self, place: int, tenant: Tenant, run_id: str) -> Any:
        """Take up a kept run, and leave it where it waits."""
        self._do(lambda: self.places[place].resume(run_id, tenant=tenant.name))
        assert run_id in tenant.runs
        self.follow(tenant, run_id)

    def cancel(self, place: int, tenant: Tenant, run_id: str) -> None:
        """Cancel a run by its name, or by itself where it is not kept."""

        def cancelled() -> None:
            begun = tenant.runs[run_id]
            here = begun.run if self.storage is None else self.places[place].resume(run_id, tenant=tenant.name)
            here.cancel("enough")

        was_over = tenant.runs[run_id].is_over
        self._do(cancelled)
        if not was_over:
            tenant.withdraw(run_id)
        self.follow(tenant, run_id)

    def plan(self, place: int, tenant: Tenant, plan_id: str) -> Any:
        """Read a plan."""
        return self.places[place].plan(plan_id, tenant=tenant.name)

    def undo(self, place: int, tenant: Tenant, plan_id: str) -> Any:
        """Take a plan back."""
        return self._do(lambda: self.places[place].undo(plan_id, tenant=tenant.name, principal="ana"))

    def get_plan(self, place: int, tenant: Tenant, plan_id: str) -> Any:
        """Let a planner look at a plan, in a thread of the same name where that is free."""
        return self._told("planner", ("get_plan", {"plan_id": plan_id}), place, tenant, self._thread(tenant, plan_id))

    def execute_plan(self, place: int, tenant: Tenant, plan_id: str) -> Any:
        """Let an executor execute a plan, in a thread of the same name where that is free."""
        call = ("execute_plan", {"plan_id": plan_id})
        return self._told("executor", call, place, tenant, self._thread(tenant, plan_id))

    def fetch(self, place: int, tenant: Tenant, handle: str) -> Any:
        """Let a tool load a note."""
        return self._told("clerk", ("fetch", {"handle": handle}), place, tenant)

    def weigh(self, place: int, tenant: Tenant, handle: str) -> Any:
        """Have a note hydrated for a tool."""
        return self._told("clerk", ("weigh", {"note": handle}), place, tenant)

    def load(self, place: int, tenant: Tenant, handle: str) -> Any:
        """Load a note in a program."""
        run = self._do(lambda: self.places[place].run_program(loading(handle), tenant=tenant.name))
        self._note_run(tenant, run, "load", handle)
        return run.output

    def erase(self, place: int, tenant: Tenant, thread: str) -> None:
        """Erase what was said in a thread."""
        self.places[place].erase_thread(thread, tenant=tenant.name)
        tenant.erase(thread, is_durable=self.storage is not None)

    # What became of it

    def follow(self, tenant: Tenant, run_id: str) -> None:
        """Wait until a run is over or waits for a human and nobody drives it; take in what it told."""
        begun = tenant.runs[run_id]
        self._await(lambda: turned_until(lambda: self._rests(tenant, begun)))
        if begun.is_over:
            return
        events = begun.run.events if self.storage is None else self.events(0, tenant, run_id)
        tenant.learn(run_id, events)
        if events[-1].type in ("run_finished", "run_failed", "run_cancelled"):
            tenant.end(run_id, self._output(begun, events[-1]))
        self._learn_names(tenant)

    def check(self, tenant: Tenant) -> None:
        """Check that every list shows a tenant all that is its own, and nothing else."""
        for place, here in enumerate(self.places):
            for thread in (None, "t", "u"):
                pending = here.pending_approvals(tenant=tenant.name, thread_id=thread)
                assert {each.approval_id for each in pending} == tenant.pending(thread)
                assert tenant.is_told_only_its_own(pending)
            for plan_id, run_id in tenant.plans.items():
                assert tenant.runs[run_id].row in repr(self.plan(place, tenant, plan_id))
            if self.storage is not None:
                self._check_runs(place, tenant)
        assert sorted(row for owner, row in self.deeds.done if owner == tenant.name) == sorted(tenant.done)

    def _check_runs(self, place: int, tenant: Tenant) -> None:
        runs = self.places[place].runs(tenant=tenant.name)
        # An erased run has lost its name.
        assert {each.run_id: (each.is_over, each.name == "") for each in runs} == {
            run_id: (each.is_over, each.is_erased) for run_id, each in tenant.runs.items()
        }
        assert tenant.is_told_only_its_own(runs)

    def _rests(self, tenant: Tenant, begun: Begun) -> bool:
        if self.storage is None:
            return begun.run.is_finished or (
                begun.run.drive.session.is_idle(only_paused=True) and _waits(tenant, begun, begun.run.events[-1])
            )
        shelf = self.places[0].shelf
        if any(each.run_id == begun.run.run_id for here in self.places for each in here.threads.active()):
            return False
        [row] = [each for each in shelf.runs(tenant.name) if each["run_id"] == begun.run.run_id]
        if row["status"] in OVER:
            return True
        is_left = row["status"] == "paused" and row["owner"] is None
        return is_left and _waits(tenant, begun, self.events(0, tenant, begun.run.run_id)[-1])

    def _output(self, begun: Begun, end: Any) -> Any:
        output = getattr(end, "output", None)
        return json.loads(output) if begun.kind in CLERK and output else output

    def _thread(self, tenant: Tenant, plan_id: str) -> str | None:
        threads = (each.runs[each.plans[plan_id]].thread for each in self.tenants.values() if plan_id in each.plans)
        thread = next(threads, None)
        return None if tenant.busy(thread) else thread

    def _told(self, agent: str, call: Call, place: int, tenant: Tenant, thread: str | None = None) -> Any:
        """Let an agent call one tool; returns what it was told, or raises the error."""
        here, message = self.places[place], errand([call])
        run = self._do(lambda: here.run_specialist(agent, message, tenant=tenant.name, thread_id=thread))
        self._note_run(tenant, run, call[0], message, thread)
        told = json.dumps(json.loads(run.output)["told"][-1])
        if told.startswith('{"error"'):
            raise FlowaiError(told)
        return json.loads(told)

    def _note_run(self, tenant: Tenant, run: Run[Any], kind: str, message: str, thread: str | None = None) -> None:
        tenant.runs[run.run_id] = Begun(run, kind, thread, "", message)
        self.follow(tenant, run.run_id)

    def _learn_names(self, tenant: Tenant) -> None:
        held = {
            "run": list(tenant.runs), "approval": list(tenant.approvals),
            "plan": list(tenant.plans), "note": list(tenant.notes),
        }  # fmt: skip
        for what, names in held.items():
            self.names[what] += [each for each in names if each not in self.names[what]]

    def _do(self, call: Callable[[], Any]) -> Any:
        async def here() -> Any:
            return call()

        return self.loop.run_until_complete(here())

    def _await(self, call: Callable[[], Awaitable[Any]]) -> None:
        async def here() -> None:
            await asyncio.wait_for(call(), 30)

        self.loop.run_until_complete(here())


def _waits(tenant: Tenant, begun: Begun, last: Any) -> bool:
    """Say whether the last that a run told is that it waits for what nobody has decided."""
    decided = {name for name, each in tenant.approvals.items() if each.answer is not None}
    return not begun.is_cancelled and last.type == "run_paused" and decided.isdisjoint(last.approvals)


def _begun(here: Runtime, kind: str, row: str, given: dict[str, Any]) -> tuple[Run[Any], str]:
    if kind == "ask":
        return here.run_program(asking(row), **given), row
    if kind == "plan":
        message = planned(row)
        return here.query(message, **given), message
    message = _errand(kind, row)
    return here.run_specialist("clerk", message, **given), message


def _errand(kind: str, row: str) -> str:
    if kind in ("note", "same"):
        return errand([("keep", {"text": row})])
    if kind == "drops":
        return errand([("drop", {"row": row}), ("drop", {"row": f"{row} too"})])
    return errand([(kind, {"row": row})])
