"""The work of a run that only Python can do: tools, plan checks, handlers and scripted turns."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import EffectFailed, FlowaiError, ValueNotJson
from flowai.interpreters.edits import checked
from flowai.interpreters.loops import crew
from flowai.interpreters.shelf import Shelf, with_glimpses
from flowai.specs.context import ToolContext
from flowai.specs.decision import Happened, to_decision
from flowai.specs.encoding import json_value
from flowai.specs.handle import Hydration

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from flowai._bridge import Session
    from flowai.interpreters.drive import Drive
    from flowai.specs.tool import Tool

WorkId = tuple[int, int]


class Work:
    """What one run needs to do its work."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.setting = drive.setting

    @property
    def session(self) -> Session:
        """The session as it is now: a run that was let go comes back with another one."""
        return self.drive.session

    async def tool(
        self,
        key: WorkId,
        position: str,
        tool: Tool[..., Any],
        arguments: dict[str, Any],
        agent: str | None,
        again: str | None = None,
    ) -> None:
        """Run a tool; whatever it raises is an answer too."""
        shelf = Shelf(self.session, key, self.drive.clock)
        call = self._call(self._context(key, position, shelf, again), tool, arguments, shelf, key)
        if call is None:
            return
        limit = asyncio.timeout(tool.timeout_s if tool.is_async else None)
        try:
            async with limit:
                result = await (call() if tool.is_async else _on_a_thread(call, limit, tool.timeout_s))
            written = tool.encode_result(result)
        except GeneratorExit:
            raise
        except BaseException as error:
            if _is_cancelled(error):
                raise
            self._raised(key, tool, error, is_late=limit.expired())
        else:
            self.session.complete(key, with_glimpses(written, shelf.glimpses) if agent else written)

    def immediate_tool(
        self,
        key: WorkId,
        position: str,
        tool: Tool[..., Any],
        arguments: dict[str, Any],
        agent: str | None,
        again: str | None = None,
    ) -> None:
        """Run an async tool that never waits, in the task of whoever waits for the run."""
        shelf = Shelf(self.session, key, self.drive.clock)
        call = self._call(self._context(key, position, shelf, again), tool, arguments, shelf, key)
        if call is None:
            return
        try:
            written = tool.encode_result(_ended(call()))
        except BaseException as error:  # noqa: BLE001 — nobody cancelled it: it raised that
            self._raised(key, tool, error, is_late=False)
        else:
            self.session.complete(key, with_glimpses(written, shelf.glimpses) if agent else written)

    async def check(self, key: WorkId, position: str, tool: Tool[..., Any] | None, again: str | None = None) -> None:
        """Ask a tool what became of a write; a check that raises or is late cannot say."""
        settled: object = None
        context = self._context(key, position, Shelf(self.session, key, self.drive.clock), again)
        with suppress(Exception):
            if tool is not None and tool.check is not None:
                async with asyncio.timeout(tool.timeout_s):
                    settled = _settled(tool, await tool.check.settle(context, context.idempotency_key))
        self.session.complete(key, settled)

    def _call(
        self, context: ToolContext[Any], tool: Tool[..., Any], arguments: dict[str, Any], shelf: Shelf, key: WorkId
    ) -> Callable[[], Any] | None:
        """Return the call with typed arguments; None when it has failed before it began."""
        try:
            typed = _typed(tool, arguments, shelf)
        except FlowaiError as error:
            self.session.fail(key, error)
            return None
        except Exception as error:  # noqa: BLE001 — a validator of the user's may raise anything
            self.session.fail(key, error, "ToolFailed", f"`{tool.name}` could not read its arguments: {_told(error)}")
            return None
        if tool.takes_context:
            return partial(tool.function, context, **typed)
        return partial(tool.function, **typed)

    def _raised(self, key: WorkId, tool: Tool[..., Any], error: BaseException, *, is_late: bool) -> None:
        if isinstance(error, EffectFailed):
            self.session.fail(key, error)
        elif isinstance(error, ValueNotJson):
            self.session.fail(key, error, "ToolFailed", f"the result of `{tool.name}` is {error.message}")
        elif isinstance(error, TimeoutError) and is_late:
            self.session.fail(key, error, "TimedOut", f"`{tool.name}` took longer than {tool.timeout_s:g} s")
        else:
            self.session.fail(key, error, "ToolFailed", f"`{tool.name}` raised {_told(error)}")

    def _context(self, key: WorkId, position: str, shelf: Shelf, again: str | None) -> ToolContext[Any]:
        setting = self.setting
        return ToolContext(
            services=setting.services,
            tenant=setting.tenant,
            principal=setting.principal,
            thread_id=setting.thread_id,
            run_id=setting.run_id,
            idempotency_key=again or f"{setting.run_id}:{position}",
            references=shelf,
            reporter=partial(self._report, key),
        )

    def _report(self, key: WorkId, progress: object) -> None:
        self.session.progress(key, _reported(progress))
        self.drive.nudge()

    def plan(self, key: WorkId, _position: str, name: str, body: Any) -> None:
        """Check a plan by its own type."""
        plan = self.setting.plans[name]
        try:
            self.session.complete(key, plan.dump(plan.validate(body)))
        except FlowaiError as error:
            self.session.fail(key, error)
        except Exception as error:  # noqa: BLE001 — a validator of the user's may raise anything
            self.session.fail(key, error, "PlanError", f"the plan `{name}` could not be checked: {_told(error)}")

    def script(self, key: WorkId, _position: str, turn: int, messages: list[dict[str, Any]]) -> None:
        """Work out a scripted turn from what was seen."""
        from flowai.interpreters.seen import SeenSoFar

        try:
            written = self.setting.turns[turn].to_json(SeenSoFar(messages, self.drive.stored))
        except Exception as error:  # noqa: BLE001 — a scripted function may raise anything
            self.session.fail(key, error, "ScriptMismatch", f"a scripted turn raised {_told(error)}")
        else:
            self.session.worked_out(key, written)

    def decision(
        self, key: WorkId, _position: str, name: str, subject: dict[str, Any], written: dict[str, Any]
    ) -> None:
        """Check a scripted decision about a plan as a human's is checked."""
        plan = self.setting.plans.get(name)
        try:
            decided = written if plan is None else checked(plan, subject, written)
        except Exception as error:  # noqa: BLE001 — a validator of the user's may raise anything
            message = f"a scripted decision cannot be taken: {getattr(error, 'message', None) or _told(error)}"
            self.session.fail(key, error, "ScriptMismatch", message)
        else:
            self.session.worked_out(key, decided)

    async def handler(self, key: WorkId, _position: str, function: Callable[[Any], Any], effect: Any) -> None:
        """Ask the user's handler for an effect of the user's own."""
        with self._answering(key, effect.kind):
            self.session.handled(key, await _awaited(function(effect)))

    async def begun(self, key: WorkId, _position: str, awaitable: Any, effect: Any) -> None:
        """Wait for what a handler that is not async gave to await."""
        with self._answering(key, effect.kind):
            self.session.handled(key, await awaitable)

    async def builtin(self, key: WorkId, _position: str, kind: str, written: dict[str, Any], tool: Any) -> None:
        """Ask the user's handler for an effect that interpreters know."""
        from flowai.interpreters.builtin import answered, effect_of

        with self._answering(key, kind):
            effect = effect_of(kind, written, tool)
            answer = await _awaited(self.setting.answer_of(type(effect))(effect))
            self.session.complete(key, answered(effect, answer))

    @contextmanager
    def _answering(self, key: WorkId, kind: str) -> Generator[None]:
        try:
            yield
        except GeneratorExit:
            raise
        except asyncio.CancelledError as error:
            if _is_cancelled(error):
                raise
            # As itself it would cancel whoever reads it.
            self.session.fail(key, error, "EffectFailed", f"the handler of `{kind}` raised {_told(error)}")
        except BaseException as error:  # noqa: BLE001 — a handler may raise anything, and its run hears of it
            self.session.fail(key, error)


def _reported(progress: object) -> Any:
    try:
        return json_value(progress)
    except ValueNotJson as error:
        raise TypeError(f"what was reported cannot be written as JSON: {error.message}") from error


async def _on_a_thread(call: Callable[[], Any], limit: asyncio.Timeout, time_s: float) -> Any:
    result, error = await crew().run(call, limit, time_s)
    if error is None:
        return result
    raise error


def _is_cancelled(error: BaseException) -> bool:
    """Whether it is the cancellation of this very task, and not one that was raised or awaited in it."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _ended(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine that never waits comes to."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise AssertionError("a coroutine without anything to await has waited")


def _typed(tool: Tool[..., Any], arguments: dict[str, Any], shelf: Shelf) -> dict[str, Any]:
    """Return typed arguments; what handles stand for is loaded only where a parameter wants it."""
    hydration = Hydration()
    typed = tool.signature.decode(arguments, hydration)
    if not hydration.asked:
        return typed
    values = {handle: shelf.load_sync(handle) for handle in dict.fromkeys(hydration.asked)}
    return tool.decode_arguments(arguments, values)


async def _awaited(answer: Any) -> Any:
    return await cast("Any", answer) if inspect.isawaitable(answer) else answer


def _told(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 — an exception may fail to say what it is
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _settled(tool: Tool[..., Any], said: object) -> dict[str, Any] | None:
    """Return what a check said as the core reads it; anything else says nothing."""
    if said is None:
        return None
    decision = to_decision(said)
    if isinstance(decision, Happened):
        return {"decision": "happened", "result": tool.encode_result(decision.result)}
    return decision.to_json()
