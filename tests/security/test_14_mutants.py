"""Row 14, the other way round: where one lookup forgets whose name it is given, the model notices."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase

from flowai.errors import FlowaiError
from flowai.interpreters.kept import KeptVerbs
from flowai.interpreters.opening import Opening
from flowai.interpreters.plan_record import PlanRecord
from flowai.interpreters.plan_verbs import PlanVerbs
from flowai.interpreters.runtime import Runtime
from flowai.interpreters.threads import Threads
from tests.durable.storage import storage_of
from tests.security.tenants import TENANTS
from tests.security.test_14_model import tried


def waiting_for_anybody(here: Threads, approval_id: str, tenant: str) -> Any:
    """Find the run that waits for an approval, whosever it is."""
    del tenant
    return next((each.drive for each in here.active() if approval_id in each.waiting()), None)


def joined_by_anybody(here: Threads, tenant: str, request_id: str | None) -> Any:
    """Join the run of a name, whosever it is."""
    del tenant
    named: Any = here.__dict__["_named"]
    return next((run for (_, name), (run, _) in named.items() if name == request_id), None)


def busy_for_anybody(here: Threads, tenant: str, thread_id: str | None) -> Any:
    """Find a thread busy because another tenant's is."""
    del tenant
    return next((each for each in here.active() if thread_id is not None and each.thread_id == thread_id), None)


def plan_of_anybody(here: Runtime, plan_id: str, *, tenant: str | None = None) -> PlanRecord:
    """Show a plan, whosever it is."""
    for each in (tenant, *TENANTS):
        if each is not None and (found := here.native.plan(each, plan_id)) is not None:
            return PlanRecord.read(found)
    return PLAN(here, plan_id, tenant=tenant)


def events_of_anybody(here: Runtime, run_id: str, after: int = 0, *, tenant: str | None = None) -> Any:
    """Tell what a run told, whosever it is."""
    whose = next((each for each in (tenant, *TENANTS) if each and here.shelf.has_run(each, run_id)), tenant)
    return EVENTS(here, run_id, after, tenant=whose)


def reopened_for_anybody(here: Opening, tenant: str, run_id: str) -> Any:
    """Give back a run that somebody here knows, whosever it is."""
    loaded: Any = here.__dict__["_loaded"]
    known = next((drive for (_, name), drive in loaded.items() if name == run_id), None)
    return REOPENED(here, tenant if known is None else known.setting.tenant, run_id)


def erased_for_all(here: Runtime, thread_id: str, *, tenant: str | None = None) -> int:
    """Erase a thread of everybody."""
    del tenant
    return sum(ERASE(here, thread_id, tenant=each) for each in TENANTS)


PLAN, EVENTS, REOPENED, ERASE = PlanVerbs.plan, KeptVerbs.events, Opening.reopened, KeptVerbs.erase_thread
MUTANTS: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("memory", Threads, "waiting_for", waiting_for_anybody),
    ("memory", Threads, "joined", joined_by_anybody),
    ("memory", Threads, "busy", busy_for_anybody),
    ("memory", PlanVerbs, "plan", plan_of_anybody),
    ("sqlite", KeptVerbs, "events", events_of_anybody),
    ("sqlite", Opening, "reopened", reopened_for_anybody),
    ("sqlite", KeptVerbs, "erase_thread", erased_for_all),
]


@pytest.mark.parametrize(("kind", "where", "name", "mutant"), MUTANTS, ids=lambda each: getattr(each, "__name__", each))
def test_a_lookup_that_forgets_the_tenant_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, where: Any, name: str, mutant: Callable[..., Any]
) -> None:
    count = iter(range(1_000_000))

    def storage() -> str | None:
        folder = tmp_path / str(next(count))
        folder.mkdir()
        return None if kind == "memory" else storage_of(kind, folder)

    monkeypatch.setattr(where, name, mutant)
    # An answer that differs, or the refusal of what is the tenant's own.
    with pytest.raises((AssertionError, FlowaiError)):
        tried(storage, 40, derandomize=True, phases=[Phase.generate], database=None, report_multiple_bugs=False)
