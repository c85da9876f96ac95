"""Row 14 at random: tenants on one store do everything that a caller can do, with names of their own and of others.

A model says what each may see. Whoever gives a name that is not its own is told what it is told of a name that nobody
has: the same error with the same words.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flowai.errors import ApprovalConflict, ApprovalError, StorageError, ThreadBusy
from tests.durable.storage import storage_of
from tests.security.premises import Premises, outcome_of, stranger
from tests.security.tenants import TENANTS, Tenant

CALLERS, PLACES, PICKS = st.sampled_from(TENANTS), st.integers(0, 1), st.integers(0, 30)
THREADS = st.sampled_from(["t", "u", "v", None])
KINDS = st.sampled_from(["note", "same", "drop", "drops", "pay", "plan", "ask"])
WORDS = {True: "approve", False: "reject"}
IN_DOUBT = {True: "happened", False: "failed"}
EXAMPLES = {"memory": 40, "sqlite": 10, "postgres": 4}
LOUD = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


Rule = TypeVar("Rule")


def has(what: str) -> Callable[[Rule], Rule]:
    """Let a rule be tried once somebody has something."""
    return cast("Callable[[Rule], Rule]", precondition(lambda self: bool(self.here.names[what])))


class Tenancy(RuleBasedStateMachine):
    """Three tenants in two runtimes on one store, or in one runtime where the store is in memory."""

    storage: str | None = None

    @initialize()
    def open(self) -> None:
        self.here = Premises(self.storage)
        # Everybody has something from the start; in two runtimes of one process some of it has the same names.
        for number, tenant in enumerate(self.here.tenants.values()):
            for kind, thread, request in (("note", "t", "r"), ("drops", None, None), ("plan", "u", "s")):
                self.here.begin(number % 2, tenant, kind, thread, request)

    def teardown(self) -> None:
        if hasattr(self, "here"):
            self.here.close()

    @rule(caller=CALLERS, place=PLACES, thread=THREADS, request=st.sampled_from([None, "r", "s", "new"]), kind=KINDS)
    def begin(self, caller: str, place: int, thread: str | None, request: str | None, kind: str) -> None:
        """The same thread and the same request of two tenants never meet."""
        tenant = self.here.tenants[caller]
        known, busy = tenant.requests.get(request or ""), tenant.busy(thread)
        if known is not None and tenant.runs[known].is_erased:
            with pytest.raises(StorageError, match="was erased"):
                self.here.begin(place, tenant, kind, thread, request)
        elif known is not None:
            assert self.here.begin(place, tenant, kind, thread, request) == known
        elif busy is not None:
            with pytest.raises(ThreadBusy) as refused:
                self.here.begin(place, tenant, kind, thread, request)
            assert (refused.value.run_id, set(refused.value.approvals)) == (busy, tenant.pending(run_id=busy))
        else:
            assert self.here.begin(place, tenant, kind, thread, request) in tenant.runs

    @has("approval")
    @rule(caller=CALLERS, place=PLACES, pick=PICKS, yes=st.booleans())
    def respond(self, caller: str, place: int, pick: int, *, yes: bool) -> None:
        tenant, approval_id = self.here.tenants[caller], self.here.named("approval", pick)
        asked = tenant.approvals.get(approval_id)
        if asked is None:
            for word in (WORDS[yes], IN_DOUBT[yes]):
                self.is_unknown("respond", place, tenant, approval_id, word)
            return
        word = (IN_DOUBT if asked.kind == "in_doubt" else WORDS)[yes]
        if asked.answer is None:
            self.here.respond(place, tenant, approval_id, word)
            self.here.decided(tenant, approval_id, word)
        elif asked.answer != word:
            with pytest.raises(ApprovalError if asked.answer == "withdrawn" else ApprovalConflict):
                self.here.respond(place, tenant, approval_id, word)
        else:
            self.here.respond(place, tenant, approval_id, word)

    @has("run")
    @rule(caller=CALLERS, place=PLACES, pick=PICKS, verb=st.sampled_from(["events", "verify", "recording", "resume"]))
    def read(self, caller: str, place: int, pick: int, verb: str) -> None:
        tenant, run_id = self.here.tenants[caller], self.here.named("run", pick)
        begun = tenant.runs.get(run_id)
        if begun is None or self.storage is None:
            self.is_unknown(verb, place, tenant, run_id)
        else:
            told = outcome_of(lambda: getattr(self.here, verb)(place, tenant, run_id))
            has_it = verb in ("events", "verify") or (not begun.is_erased and (begun.is_over or verb == "resume"))
            assert (told[0] == "told") is has_it, told
            assert tenant.is_told_only_its_own(told)

    @has("run")
    @rule(caller=CALLERS, place=PLACES, pick=PICKS)
    def cancel(self, caller: str, place: int, pick: int) -> None:
        tenant, run_id = self.here.tenants[caller], self.here.named("run", pick)
        if run_id not in tenant.runs:
            self.is_unknown("resume", place, tenant, run_id)
        elif not tenant.runs[run_id].is_erased:
            self.here.cancel(place, tenant, run_id)

    @has("plan")
    @rule(caller=CALLERS, place=PLACES, pick=PICKS, verb=st.sampled_from(["plan", "undo", "get_plan", "execute_plan"]))
    def use_plan(self, caller: str, place: int, pick: int, verb: str) -> None:
        tenant, plan_id = self.here.tenants[caller], self.here.named("plan", pick)
        if plan_id not in tenant.plans:
            self.is_unknown(verb, place, tenant, plan_id)
        elif verb == "plan":
            told = getattr(self.here, verb)(place, tenant, plan_id)
            assert tenant.runs[tenant.plans[plan_id]].row in repr(told)
            assert tenant.is_told_only_its_own(told)

    @has("note")
    @rule(caller=CALLERS, place=PLACES, pick=PICKS, verb=st.sampled_from(["fetch", "weigh", "load"]))
    def use_note(self, caller: str, place: int, pick: int, verb: str) -> None:
        tenant, handle = self.here.tenants[caller], self.here.named("note", pick)
        if handle in tenant.notes:
            assert getattr(self.here, verb)(place, tenant, handle) == tenant.notes[handle]
        else:
            self.is_unknown(verb, place, tenant, handle)

    @rule(caller=CALLERS, place=PLACES, thread=st.sampled_from(["t", "u"]))
    def erase(self, caller: str, place: int, thread: str) -> None:
        self.here.erase(place, self.here.tenants[caller], thread)

    @precondition(lambda self: self.storage is not None and self.here.count % 4 == 0)
    @rule(place=PLACES)
    def come_back(self, place: int) -> None:
        """Another process takes a place, knows nothing, and finds nothing that needs it."""
        assert self.here.replaced(place).recover() == []

    @invariant()
    def everybody_sees_its_own(self) -> None:
        for tenant in self.here.tenants.values() if hasattr(self, "here") else ():
            self.here.check(tenant)

    def is_unknown(self, verb: str, place: int, tenant: Tenant, name: str, *more: Any) -> None:
        """Check that another's name is told apart in no way from one that nobody has."""
        call = getattr(self.here, verb)
        foreign, unknown = (
            outcome_of(partial(call, place, tenant, each, *more), each) for each in (name, stranger(name))
        )
        assert foreign[0] == "refused", foreign
        assert foreign == unknown


def tried(storage: Any, examples: int, **more: Any) -> None:
    """Try the model with a store, new for each example."""

    class Here(Tenancy):
        @initialize()
        def open(self) -> None:
            self.storage = storage()
            super().open()

    how = settings(max_examples=examples, stateful_step_count=25, suppress_health_check=LOUD, **more)
    run_state_machine_as_test(Here, settings=how)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_no_tenant_meets_anything_of_another(kind: str, tmp_path: Path) -> None:
    count = iter(range(1_000_000))

    def storage() -> str | None:
        folder = tmp_path / str(next(count))
        folder.mkdir()
        return None if kind == "memory" else storage_of(kind, folder)

    if kind != "memory":
        storage()  # skips where there is no server
    tried(storage, EXAMPLES[kind])
