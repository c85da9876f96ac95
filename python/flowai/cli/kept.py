"""The verbs on kept runs: each opens the store, does its part, and lets go of what it took up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from flowai.cli.place import Place

if TYPE_CHECKING:
    from flowai.cli.kept_arguments import KeptOptions


def perform_kept(options: KeptOptions) -> bool:
    """Perform a verb; return whether nothing failed or was refused.

    Raises:
        AppUnusable: There is no such app, or it keeps nothing.
        FlowaiError: The store or the runtime refuses it.
    """
    place = Place(app=options.app, storage=options.storage, tenant=options.tenant)
    if options.verb in ("runs", "approvals", "verify"):
        return _read(place, options)
    return asyncio.run(_drive(place, options))


def _read(place: Place, options: KeptOptions) -> bool:
    from flowai.cli.kept_lists import list_approvals, list_runs, verify

    verbs = {"runs": list_runs, "approvals": list_approvals, "verify": verify}
    return verbs[options.verb](place.opened(to_read=True), options)


async def _drive(place: Place, options: KeptOptions) -> bool:
    from flowai.cli.answers import answer, resume

    async with place.opened() as runtime:
        is_done = await (resume if options.verb == "resume" else answer)(runtime, options)
        await runtime.drain(0)
    return is_done
