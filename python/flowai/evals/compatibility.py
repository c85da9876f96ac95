"""The scores that other libraries would give, each by the one matcher under settings of its own.

Names say whose scores: `agentevals.*`, `adk.*`, `pydantic_evals.*`, `ragas.f1`, `bfcl.ast`. They are for bringing a
data set over and comparing; where a library errs, ours gives the verdict that its documentation promises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flowai.errors import SpecError
from flowai.evals.likes import adk, agentevals, bfcl, pydantic_evals, ragas

if TYPE_CHECKING:
    from collections.abc import Mapping

MODES: Mapping[str, Callable[..., float | bool | None]] = {
    "agentevals.strict": agentevals.strict,
    "agentevals.unordered": agentevals.unordered,
    "agentevals.subset": agentevals.subset,
    "agentevals.superset": agentevals.superset,
    "adk.exact": adk.exact,
    "adk.in_order": adk.in_order,
    "adk.any_order": adk.any_order,
    "adk.parameter_match": adk.parameter_match,
    "pydantic_evals.trajectory_match": pydantic_evals.trajectory_match,
    "pydantic_evals.tool_correctness": pydantic_evals.tool_correctness,
    "pydantic_evals.argument_correctness": pydantic_evals.argument_correctness,
    "pydantic_evals.max_tool_calls": pydantic_evals.max_tool_calls,
    "ragas.f1": ragas.f1,
    "bfcl.ast": bfcl.ast,
}
"""Every mode with what scores by it."""


def score_like(mode: str, *, expected: Any, actual: Any, **settings: Any) -> float | bool | None:
    """Score as another library would.

    Args:
        mode: one of `MODES`.
        expected: what that library calls its reference.
        actual: what was done, in the same form.
        settings: what that library lets one set, under its names.

    Raises:
        SpecError: there is no such mode, or no such setting of it.

    Example:
        >>> call = {"name": "find", "args": {"q": "red"}}
        >>> score_like("adk.in_order", expected=[[call]], actual=[[{"name": "log", "args": {}}, call]])
        1.0
    """
    if mode not in MODES:
        from flowai.specs.names import did_you_mean

        raise SpecError(f"unknown mode `{mode}`", hint=did_you_mean(mode, MODES))
    try:
        return MODES[mode](expected, actual, **settings)
    except TypeError as error:
        raise SpecError(
            f"`{mode}` cannot score that: {error}", hint="see its function in `flowai.evals.likes`"
        ) from error
