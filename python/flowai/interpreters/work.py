"""The work of a run that only Python can do: tools, plan checks, handlers and scripted turns."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import EffectFailed, FlowaiError, ValueNotJson
from flowai.interpreters.loops import threads
from flowai.interpreters.shelf import Shelf, with_glimpses
from flowai.specs.context import ToolContext
from flowai.specs.handle import Hydration

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowai.interpreters.drive import Drive
    from flowai.specs.script import Fails
    from flowai.specs.tool import Tool

WorkId = tuple[int, int]


def now_ms() -> int:
    """Return the time in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


class Work:
    """What one run needs to do its work."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.session = drive.session
        self.setting = drive.setting

    async def tool(
        self, key: WorkId, position: str, tool: Tool[..., Any], arguments: dict[str, Any], agent: str | None
    ) -> None:
        """Run a tool; whatever it raises is an answer too."""
        shelf = Shelf(self.session, key, self.drive.clock)
        try:
            typed = _typed(tool, arguments, shelf)
        except FlowaiError as error:
            self.session.fail(key, error)
            return
        if failures := self.setting.failures.get(tool.name):
            self.session.fail(key, *_scripted(tool, failures.pop(0)))
            return
        try:
            result = await self._call(key, position, tool, typed, shelf)
            written = tool.encode_result(result)
        except EffectFailed as error:
            self.session.fail(key, error)
        except ValueNotJson as error:
            self.session.fail(key, error, "ToolFailed", f"the result of `{tool.name}` is {error.message}")
        except asyncio.CancelledError:
            raise
        except TimeoutError as error:
            self.session.fail(key, error, "ToolFailed", _late(tool, error))
        except Exception as error:  # noqa: BLE001 — a tool may raise anything
            self.session.fail(key, error, "ToolFailed", f"`{tool.name}` raised {_told(error)}")
        else:
            self.session.complete(key, with_glimpses(written, shelf.glimpses) if agent else written)

    async def _call(self, key: WorkId, position: str, tool: Tool[..., Any], typed: dict[str, Any], shelf: Shelf) -> Any:
        leading = (self._context(key, position, shelf),) if tool.takes_context else ()
        async with asyncio.timeout(tool.timeout_s):
            if tool.is_async:
                return await tool.function(*leading, **typed)
            here = contextvars.copy_context()
            call = partial(here.run, tool.function, *leading, **typed)
            return await asyncio.get_running_loop().run_in_executor(threads(), call)

    def _context(self, key: WorkId, position: str, shelf: Shelf) -> ToolContext[Any]:
        setting = self.setting
        return ToolContext(
            services=setting.services,
            tenant=setting.tenant,
            principal=setting.principal,
            thread_id=setting.thread_id,
            run_id=setting.run_id,
            idempotency_key=f"{setting.run_id}:{position}",
            references=shelf,
            reporter=partial(self._report, key),
        )

    def _report(self, key: WorkId, progress: object) -> None:
        self.session.progress(key, progress)
        self.drive.nudge()

    def plan(self, key: WorkId, _position: str, name: str, body: Any) -> None:
        """Check a plan by its own type."""
        plan = self.setting.plans[name]
        try:
            self.session.complete(key, plan.dump(plan.validate(body)))
        except FlowaiError as error:
            self.session.fail(key, error)

    def script(self, key: WorkId, _position: str, turn: int, messages: list[dict[str, Any]]) -> None:
        """Work out a scripted turn from what was seen."""
        from flowai.interpreters.seen import SeenSoFar

        try:
            written = self.setting.turns[turn].to_json(SeenSoFar(messages, self.drive.stored))
        except Exception as error:  # noqa: BLE001 — a scripted function may raise anything
            self.session.fail(key, error, "ScriptMismatch", f"a scripted turn raised {_told(error)}")
        else:
            self.session.worked_out(key, written)

    async def handler(self, key: WorkId, _position: str, function: Callable[[Any], Any], effect: Any) -> None:
        """Ask the user's handler for an effect of the user's own."""
        try:
            self.session.handled(key, await _awaited(function(effect)))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 — a handler may raise anything
            self.session.fail(key, error)

    async def builtin(self, key: WorkId, _position: str, kind: str, written: dict[str, Any], tool: Any) -> None:
        """Ask the user's handler for an effect that interpreters know."""
        from flowai.interpreters.builtin import answered, effect_of

        try:
            effect = effect_of(kind, written, tool)
            answer = await _awaited(self.setting.answer_of(type(effect))(effect))
            self.session.complete(key, answered(effect, answer))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 — a handler may raise anything
            self.session.fail(key, error)


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


def _scripted(tool: Tool[..., Any], failure: Fails) -> tuple[Exception, str | None, str | None]:
    error = failure.error if isinstance(failure.error, Exception) else EffectFailed(failure.error)
    if isinstance(error, EffectFailed) and type(error) is not EffectFailed:
        return error, None, None
    return error, "ToolFailed", f"`{tool.name}` raised {_told(error)}"


def _told(error: BaseException) -> str:
    said = str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _late(tool: Tool[..., Any], error: TimeoutError) -> str:
    if str(error):
        return f"`{tool.name}` raised {_told(error)}"
    return f"`{tool.name}` took longer than {tool.timeout_s:g} s"
