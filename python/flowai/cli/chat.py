"""The terminal chat: puts prompts to agents, one after the other."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from rich.console import Console

from flowai.cli.application import AppUnusable
from flowai.cli.follow import Follower
from flowai.cli.place import Place
from flowai.cli.review import Leaving, Nobody, Person, Reviewer, YesToAll
from flowai.cli.shown import safe, told
from flowai.cli.terminal import ask, is_attended
from flowai.errors import FlowaiError

if TYPE_CHECKING:
    from flowai.cli.arguments import Options
    from flowai.interpreters import Run, Runtime

PRINCIPAL = "terminal"


async def chat(options: Options) -> bool:
    """Put every prompt to the agents; return whether all went well.

    Raises:
        AppUnusable: there is nothing to ask.
        FlowaiError: no runtime can be made of the app.
    """
    # Events in JSON have standard output for themselves.
    console = Console(stderr=options.json, highlight=False)
    place = Place(app=options.app, storage=options.storage)
    async with place.runtime() as runtime:
        reviewer = _reviewer(options, console, is_kept=runtime.shelf.is_durable)
        follower = Follower(runtime, place, console, reviewer, PRINCIPAL, as_json=options.json)
        results = [await _put(prompt, options, follower) async for prompt in _prompts(options, console)]
        if runtime.shelf.is_durable:
            await runtime.drain(0)
    if not results:
        raise AppUnusable("there is no prompt", hint="write it behind `--app`, or on standard input")
    return all(results)


async def _put(prompt: str, options: Options, follower: Follower) -> bool:
    try:
        run = _started(prompt, options, follower.runtime)
    except FlowaiError as error:
        follower.console.print(safe("error", "bold red"), told(str(error)), sep=": ", markup=False)
        return False
    return await follower.follow(run)


def _started(prompt: str, options: Options, runtime: Runtime) -> Run[Any]:
    if options.specialist is None:
        return runtime.query(prompt, thread_id=options.thread, principal=PRINCIPAL)
    return runtime.run_specialist(options.specialist, prompt, thread_id=options.thread, principal=PRINCIPAL)


def _reviewer(options: Options, console: Console, *, is_kept: bool) -> Reviewer:
    if options.yes:
        return YesToAll(console)
    person = Person(console) if is_attended() else None
    if is_kept:
        return Leaving(person)
    return Nobody(console) if person is None else person


async def _prompts(options: Options, console: Console) -> AsyncIterator[str]:
    if options.prompt is not None:
        yield options.prompt
    elif not is_attended():
        if piped := sys.stdin.read().strip():
            yield piped
    else:
        console.print(safe("write to your agents; an empty line or Ctrl-D ends", "dim"))
        while line := (await ask(console, "you:") or "").strip():
            yield line
