"""Opening: how a runtime makes a run, new or from its store."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from flowai import _bridge
from flowai.errors import ReplayMismatch, RunOwned, ThreadBusy
from flowai.interpreters.afterwards import running_again, undoing, unscripted
from flowai.interpreters.agents import decoder_of
from flowai.interpreters.drive import Drive
from flowai.interpreters.interpreter import native_answers
from flowai.interpreters.refusals import busy_elsewhere, erased
from flowai.interpreters.reopening import Kept, read_task, uncrashed, written_task
from flowai.interpreters.run import Run
from flowai.interpreters.setting import Setting
from flowai.interpreters.threads import Active
from flowai.interpreters.waiters import running_loop
from flowai.specs.budget import Budget

if TYPE_CHECKING:
    from flowai.interpreters.afterwards import Beginning
    from flowai.interpreters.interpreter import Interpreter
    from flowai.interpreters.runtime import Runtime

ACTIVE = ["running", "paused"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run belongs and what it may use."""

    thread_id: str | None
    tenant: str
    principal: str | None = None
    context: Any = None
    budget: Budget = field(default_factory=Budget)


class Opening:
    """Makes the runs of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._loaded: WeakValueDictionary[tuple[str, str], Drive] = WeakValueDictionary()
        """The kept runs that somebody here knows, by tenant and id."""

    # New runs

    def keep(self, task: Any, name: str, request_id: str | None, budget: Budget) -> dict[str, Any] | None:
        """Return what is kept of a new run; nothing where runs end with the process.

        Raises:
            ProgramError: It is a program that no other process could find.
            ValueNotJson: An argument of it is not what JSON gives back unchanged.
        """
        if not self._runtime.shelf.is_durable:
            return None
        version = self._runtime.spec.tenant.config_version
        body = {"name": name, "task": written_task(task), "config_version": version, "budget": asdict(budget)}
        return {"request_id": request_id, "body": body}

    def drive(
        self,
        interpreter: Interpreter[Any],
        place: Place,
        *,
        is_query: bool,
        keep: dict[str, Any] | None = None,
    ) -> Drive:
        """Return a new run that has not begun."""
        config = self._config(interpreter, place, is_query=is_query)
        if keep is not None:
            # What a recording says of the schedule, and what another interpreter would not know.
            keep["body"] |= {"seed": config.get("seed") or None, "real_time": not interpreter.is_virtual}
            config["keep"] = keep
            config["run_id"] = self._free_id(place.tenant, config["run_id"])
        session = self._session(config, interpreter, None)
        setting = self._setting(config, interpreter, place, is_query=is_query)
        kept = None if keep is None else self._kept(interpreter, place, is_query=is_query)
        return self._known(Drive(session, setting, kept))

    def _free_id(self, tenant: str, run_id: str) -> str:
        # A scripted run has the same name whenever it is made; the store may have one of that name.
        found, number = run_id, 1
        while self._runtime.shelf.has_run(tenant, found):
            number += 1
            found = f"{run_id}-{number}"
        return found

    def _known(self, drive: Drive) -> Drive:
        if drive.is_kept:
            self._loaded[drive.setting.tenant, drive.setting.run_id] = drive
        return drive

    def _config(self, interpreter: Interpreter[Any], place: Place, *, is_query: bool) -> dict[str, Any]:
        spec = self._runtime.spec
        return {
            **(interpreter.config() if is_query else unscripted(interpreter.config())),
            "thread_id": place.thread_id,
            "tenant": place.tenant,
            "principal": place.principal,
            "budget": place.budget.narrowed(spec.budget).narrowed(interpreter.budget).to_json(),
            "thread_budget": spec.thread_budget.to_json(),
            "attended": True,
        }

    def _setting(
        self, config: dict[str, Any], interpreter: Interpreter[Any], place: Place, *, is_query: bool
    ) -> Setting:
        return Setting(
            run_id=config["run_id"],
            thread_id=place.thread_id,
            tenant=place.tenant,
            principal=place.principal,
            services=self._runtime.services if place.context is None else place.context,
            plans=self._runtime.plans,
            turns=interpreter.turns() if is_query else (),
            answers=interpreter.answers,
            is_virtual=interpreter.is_virtual,
            starts_at=config.get("starts_at", 0),
            observer=interpreter.observer,
        )

    def _session(
        self, config: dict[str, Any], interpreter: Interpreter[Any], claimed: _bridge.Claimed | None
    ) -> _bridge.Session:
        runtime = self._runtime
        return _bridge.Session(runtime.native, config, native_answers(interpreter.answers), runtime.cost, claimed)

    # Kept runs

    def reopened(self, tenant: str, run_id: str) -> tuple[Drive, Run[Any]]:
        """Return a run that goes on from the store, or the one that is on its way here.

        Raises:
            RunNotFound: There is no such run of this tenant.
            RunOwned: Another process drives it.
            ReplayMismatch: Its program is not there any more, or has another version.
            JournalBroken: What is kept is not what was written.
            StorageError: It was erased.
        """
        # Nobody finds the run before it is where its journal ends: answers to it would find nothing that waits.
        with self._runtime.threads.lock:
            body = self._body(tenant, run_id)
            known = self._loaded.get((tenant, run_id))
            if known is not None and known.broken is None and not known.has_stopped:
                return known, Run(known, self._decoder(body))
            return self._begun_again(tenant, run_id, body)

    def _body(self, tenant: str, run_id: str) -> dict[str, Any]:
        body = self._runtime.shelf.body(tenant, run_id)
        if body is None:
            raise erased(run_id)
        return body

    def _begun_again(self, tenant: str, run_id: str, body: dict[str, Any]) -> tuple[Drive, Run[Any]]:
        # Read before the run is claimed: what nobody here can begin is left to others.
        task = self._task(tenant, body["task"])
        claimed = self._runtime.shelf.claim(tenant, run_id, list(self._runtime.spec.agents))
        row = claimed.row()
        place = Place(row["thread"], tenant, body["principal"], None, Budget(**body["budget"]))
        drive = self._from(claimed, row, place)
        run: Run[Any] = Run(drive, self._decoder(body))
        drive.start(body["name"], task)
        self._runtime.threads.add(tenant, place.thread_id, row["request_id"], self._known(drive), run)
        return drive, run

    def recorded(self, tenant: str, run_id: str) -> dict[str, Any]:
        """Return the records of a run that is over; its program runs once more, against its own journal.

        Raises:
            RunNotFound: There is no such run of this tenant.
            JournalBroken: What is kept is not what was written.
            ReplayMismatch: The program asks something else than the journal has.
        """
        claimed = self._runtime.shelf.claim(tenant, run_id, list(self._runtime.spec.agents))
        row = claimed.row()
        body: dict[str, Any] = row["body"]
        place = Place(row["thread"], tenant, body["principal"], None, Budget(**body["budget"]))
        interpreter = _as_it_ran(body)
        config = {**self._config(interpreter, place, is_query=False), "run_id": run_id}
        session = self._session(config, interpreter, claimed)
        drive = Drive(session, self._setting(config, interpreter, place, is_query=False))
        drive.begin(body["name"], self._task(tenant, body["task"]))
        run: Run[Any] = Run(drive)
        try:
            _ = run.value
        except ReplayMismatch:
            raise
        except Exception:  # noqa: BLE001 — the run failed then, and its recording says so
            return run.recording.records
        return run.recording.records

    def _from(self, claimed: _bridge.Claimed, row: dict[str, Any], place: Place) -> Drive:
        number = row["body"]["query"]
        is_query = number is not None
        interpreter = self._runtime.interpreter.of_query(number) if is_query else self._runtime.interpreter
        config = uncrashed({**self._config(interpreter, place, is_query=is_query), "run_id": row["run_id"]})
        session = self._session(config, interpreter, claimed)
        setting = self._setting(config, interpreter, place, is_query=is_query)
        drive = Drive(session, setting, self._kept(interpreter, place, is_query=is_query))
        drive.has_shown()
        return drive

    def _kept(self, interpreter: Interpreter[Any], place: Place, *, is_query: bool) -> Kept:
        shelf = self._runtime.shelf

        def reopen(setting: Setting) -> tuple[_bridge.Session, str, Any]:
            body = self._body(setting.tenant, setting.run_id)
            task = self._task(setting.tenant, body["task"])
            claimed = shelf.claim(setting.tenant, setting.run_id, list(self._runtime.spec.agents))
            config = {**self._config(interpreter, place, is_query=is_query), "run_id": setting.run_id}
            return self._session(uncrashed(config), interpreter, claimed), body["name"], task

        return Kept(reopen, shelf.kept_events, self._parked, self._returned)

    def _parked(self, drive: Drive) -> None:
        self._runtime.threads.let_go(drive)
        tenant, shelf = drive.setting.tenant, self._runtime.shelf
        found = (shelf.approval(tenant, each) for each in drive.left_waiting)
        if any(each is not None and each["status"] != "pending" for each in found):
            # Somebody elsewhere answered while the run was still this process's own, and left the rest to it.
            self.take_up(drive)

    def take_up(self, drive: Drive) -> None:
        """Go on with a run that was let go, unless somebody else does."""
        with suppress(RunOwned), drive.parking.held():
            drive.session.waiting()
            drive.go_on(in_background=running_loop() is None)

    def _returned(self, drive: Drive) -> None:
        setting, threads = drive.setting, self._runtime.threads
        run: Run[Any] = Run(drive, self._decoder(self._body(setting.tenant, setting.run_id)))
        with threads.lock:
            threads.add(setting.tenant, setting.thread_id, None, drive, run)

    def _decoder(self, body: dict[str, Any]) -> Any:
        name = body["task"].get("agent")
        agent = None if name is None else self._runtime.spec.agent(name)
        return None if agent is None else decoder_of(agent)

    def _task(self, tenant: str, written: dict[str, Any]) -> Any:
        return read_task(written, lambda begun: self._beginning(tenant, begun))

    def _beginning(self, tenant: str, begun: dict[str, Any]) -> Beginning:
        if "undo" in begun:
            return undoing(*begun["undo"])
        run_id, approval_id = begun["again"]
        return running_again(self.reopened(tenant, run_id)[0], approval_id)

    # Runs that are not here

    def joined(self, tenant: str, request_id: str | None) -> Run[Any] | None:
        """Return the run that a call of this name began, in whatever process.

        Raises:
            StorageError: It was erased.
        """
        here = self._runtime.threads.joined(tenant, request_id)
        if request_id is None or not self._runtime.shelf.is_durable:
            return here
        if here is not None:
            return self._unerased(tenant, here)
        found = self._runtime.shelf.runs(tenant, None, None, request_id)
        return self.reopened(tenant, found[-1]["run_id"])[1] if found else None

    def _unerased(self, tenant: str, run: Run[Any]) -> Run[Any]:
        # Another process may have erased what this one still knows.
        if run.is_finished and self._runtime.shelf.has_run(tenant, run.run_id):
            self._body(tenant, run.run_id)
        return run

    def beside(
        self, error: RunOwned | ThreadBusy, tenant: str, thread_id: str | None, request_id: str | None
    ) -> Run[Any]:
        """Return the run that another process has just begun with the same call.

        Raises:
            RunOwned: That process still drives it.
            ThreadBusy: It began another one in the thread.
        """
        if isinstance(error, ThreadBusy):
            asked = self._runtime.native.pending(tenant, thread_id)
            raise busy_elsewhere(thread_id, error.run_id or "", [each["approval_id"] for each in asked]) from error
        joined = self.joined(tenant, request_id)
        if joined is None:
            raise error
        return joined

    def busy(self, tenant: str, thread_id: str | None, *, queue: bool) -> Active | None:
        """Return the run that is active in a thread and not here, taken up to be waited for.

        Raises:
            ThreadBusy: There is one, and nobody wants to wait for it.
        """
        if thread_id is None or not self._runtime.shelf.is_durable:
            return None
        found = self._runtime.shelf.runs(tenant, thread_id, ACTIVE)
        if not found:
            return None
        run_id = found[-1]["run_id"]
        if queue:
            return Active(tenant, thread_id, *self.reopened(tenant, run_id))
        asked = self._runtime.native.pending(tenant, thread_id)
        raise busy_elsewhere(thread_id, run_id, [each["approval_id"] for each in asked])


def _as_it_ran(body: dict[str, Any]) -> Interpreter[Any]:
    """Return an interpreter with the schedule of a run that is over; it is asked nothing any more."""
    from flowai.interpreters.live import Live
    from flowai.interpreters.test import Test

    return Live() if body.get("real_time") else Test(script=[], seed=body.get("seed"))
