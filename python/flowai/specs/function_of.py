"""The plain function of whatever can be called: a partial, or an object with `__call__`."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable


def function_of(given: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with the name, words and signature of what is called.

    Example:
        >>> function_of(partial(sorted, reverse=True)).__name__
        'sorted'
    """
    if inspect.isroutine(given):
        return given
    inner = inspect.unwrap(_called(given))
    made: Any = _async(given) if inspect.iscoroutinefunction(inner) else _sync(given)
    is_partial = isinstance(given, partial)
    made.__name__ = made.__qualname__ = getattr(inner, "__name__", "?") if is_partial else type(given).__name__
    made.__doc__ = inner.__doc__ if is_partial else given.__doc__ or inner.__doc__
    made.__module__ = inner.__module__
    made.__annotations__ = dict(getattr(inner, "__annotations__", {}))
    made.__signature__ = inspect.signature(given)
    return cast("Callable[..., Any]", made)


def _called(given: Any) -> Callable[..., Any]:
    called: Callable[..., Any] = given.func if isinstance(given, partial) else type(given).__call__
    return called


def _async(given: Callable[..., Any]) -> Any:
    async def call(*args: Any, **keywords: Any) -> Any:
        return await given(*args, **keywords)

    return call


def _sync(given: Callable[..., Any]) -> Any:
    def call(*args: Any, **keywords: Any) -> Any:
        return given(*args, **keywords)

    return call
