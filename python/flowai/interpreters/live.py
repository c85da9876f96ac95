"""The live interpreter: answers from the world."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowai import _bridge
from flowai.effects.call_model import CallModel
from flowai.errors import Fault, SpecError
from flowai.interpreters.interpreter import Interpreter
from flowai.specs.provider import revealed
from flowai.specs.runtime import read_providers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flowai.effects.effect import Effect
    from flowai.interpreters.prices import Prices
    from flowai.interpreters.test import BuiltIn
    from flowai.specs.added_policy import AddedPolicy
    from flowai.specs.budget import Budget
    from flowai.specs.provider import ProviderConfig, ProviderSpec

H_contra = TypeVar("H_contra", contravariant=True)
E = TypeVar("E")


class Live(Interpreter[H_contra]):
    """Answers from models, tools, people, the store, the clock and chance.

    A model is found by its name: `claude-…`, `gpt-…` and `gemini-…` have their makers, any other is
    written `provider:model`. Keys and addresses that are not given here are read from the usual
    environment variables, such as `ANTHROPIC_API_KEY` and `OPENAI_BASE_URL`, when a model is first asked.

    Args:
        providers: Keys, addresses, timeouts and limits by provider; in a runtime they win over its own.
        allow_in_tests: Providers that may be asked under pytest, where others are refused with
            `LiveCallRefused`; servers on this machine are always allowed.
        policy: Rules that ask more than the runtime's own; nothing that asks is ever silenced by them.
        budget: What each run may use.
        prices: What models cost that `genai-prices` does not know, or not rightly.

    Raises:
        SpecError: Listing every unknown provider, option or protocol, with the nearest names.

    Example:
        >>> from flowai import DrawNumber
        >>> Live(providers={"openai": {"apiKey": "sk-1"}}).run(DrawNumber(1, 6)).value in range(1, 7)
        True
    """

    def __init__(
        self: Live[BuiltIn],
        *,
        providers: Mapping[str, ProviderConfig] | None = None,
        allow_in_tests: Sequence[str] = (),
        policy: AddedPolicy | None = None,
        budget: Budget | None = None,
        prices: Prices | None = None,
    ) -> None:
        super().__init__(policy, budget=budget, prices=prices)
        self._providers = read_providers(providers, "`Live`")
        self._allowed = [allow_in_tests] if isinstance(allow_in_tests, str) else list(allow_in_tests)
        faults = _bridge.check_providers(revealed(self._providers))
        if faults:
            raise SpecError([Fault.read(each) for each in faults])

    def handling(self, effect: type[E], handler: Callable[[E], object]) -> Live[H_contra | E]:
        """Return a copy that answers one more effect of yours.

        Args:
            effect: The class of the effect.
            handler: Its answer, as a function of the effect; it may be async.
        """
        richer = self.with_answer(cast("type[Effect[Any]]", effect), handler)
        return cast("Live[H_contra | E]", richer)

    def config(self) -> dict[str, Any]:
        """Return the settings of the next run."""
        entropy = [secrets.randbits(64) for _ in range(4)]
        return {"interpreter": "live", "run_id": self.next_run_id(), "entropy": entropy}

    def world(self, providers: Mapping[str, ProviderSpec]) -> dict[str, Any]:
        """Return what models are asked by, with the providers of a runtime where none are given here."""
        return {**revealed({**providers, **self._providers}), "allow_in_tests": self._allowed}

    @property
    def asks_models(self) -> bool:
        """Whether it asks providers itself, and no gateway of yours."""
        return CallModel not in self.answers
