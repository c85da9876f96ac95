"""What a runtime refuses before anything is begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from flowai.errors import Fault, SpecError, StorageError, ThreadBusy, ValueNotJson
from flowai.interpreters.run_record import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowai.interpreters.threads import Active

NAMED = "give a text that is not empty, of whole characters"


def check_message(message: object) -> None:
    """Check what a user says before anything is begun for it."""
    if not isinstance(message, str):
        raise SpecError(f"a message is a text, not `{type(message).__name__}`", hint="write it down as a `str`")
    try:
        message.encode()
    except UnicodeEncodeError as error:
        half = f"a message holds half a character at {error.start}, which JSON cannot"
        raise ValueNotJson(half, path="$", hint='`text.encode("utf-8", "replace").decode()` replaces it') from error


def check_names(**given: object) -> None:
    """Check what a caller names a run or its place by, where it is given; an empty name would be everyone's.

    Raises:
        SpecError: listing each that is no text, or an empty one.
    """
    faults = [Fault("", f"`{option}` is {name!r}", NAMED) for option, name in given.items() if _is_nameless(name)]
    if faults:
        raise SpecError(faults)


def _is_nameless(name: object) -> bool:
    if name is None:
        return False
    # Half a character has no bytes that a store could keep.
    return not isinstance(name, str) or not name.strip() or name.encode(errors="ignore").decode() != name


def known(option: str, given: str) -> str:
    """Return an id that a caller asks for; whether there is such a thing the store knows.

    Raises:
        SpecError: It is no text.
    """
    if not isinstance(cast("object", given), str):
        raise SpecError([Fault("", f"`{option}` is {given!r}", "give the id as events tell it")])
    return given


def check_statuses(statuses: Iterable[object]) -> None:
    """Check by which statuses runs are listed: one that no run can have would list others."""
    possible = get_args(Status)
    for status in statuses:
        if status not in possible:
            raise SpecError(f"no run is `{status}`", hint=f"a run is {', '.join(possible)}")


LAST = 2**63 - 1
"""The highest number that an event can have."""


def check_after(after: object) -> None:
    """Check after which event the others are asked for."""
    if not isinstance(after, int) or not 0 <= after <= LAST:
        raise SpecError(f"no event has the number `{after}`", hint="give the `seq` of the last event, or 0 for all")


def thread_busy(busy: Active) -> ThreadBusy:
    """Return the refusal of a second run of a thread."""
    return busy_elsewhere(busy.thread_id, busy.run_id, busy.waiting())


def busy_elsewhere(thread_id: str | None, run_id: str, approvals: list[str]) -> ThreadBusy:
    """Return the refusal of a second run of a thread whose first one is in the store, or here."""
    hint = "answer its approvals, wait for it, or pass `queue=True`"
    return ThreadBusy(
        f"thread `{thread_id}` has the active run `{run_id}`", approvals=approvals, hint=hint, run_id=run_id
    )


def erased(run_id: str) -> StorageError:
    """Return the refusal to go on with a run, or to join it, after its thread was erased."""
    hint = "only its digests are kept; ask anew, under another `request_id` where there is one"
    return StorageError(f"the run `{run_id}` was erased", hint=hint, run_id=run_id)
