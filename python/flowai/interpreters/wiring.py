"""The definition of a runtime: its parts checked by their types, its wiring by the core."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from flowai import _bridge
from flowai.errors import Fault, SpecError
from flowai.specs.provider import revealed
from flowai.specs.runtime import RuntimeSpec, build_runtime_spec
from flowai.specs.tenant import define_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from flowai.specs.agent import AgentSpec
    from flowai.specs.budget import Budget
    from flowai.specs.price import Price
    from flowai.specs.provider import ProviderConfig
    from flowai.specs.reference import Reference
    from flowai.specs.rule import Approval
    from flowai.specs.tenant import TenantSpec


def define_runtime(
    *,
    tenant: TenantSpec,
    agents: Sequence[AgentSpec[Any]],
    providers: Mapping[str, ProviderConfig] | None = None,
    approval: Approval | None = None,
    references: Sequence[Reference[Any]] = (),
    budget: Budget | None = None,
    thread_budget: Budget | None = None,
    prices: Mapping[str, Price] | None = None,
) -> RuntimeSpec:
    """Define what a runtime serves, with everything that is wrong with it said at once.

    Args:
        tenant: Whose data it works on, by default.
        agents: All agents, in any order; routes name them.
        providers: Keys and addresses of model providers, by name.
        approval: The baseline policy: by default plans always ask and tools never do.
        references: Kinds of stored values whose life or glimpse the runtime should know.
        budget: What each run may use.
        thread_budget: What all runs of a thread may use together; a run without a thread is alone in its own.
        prices: What models cost that `genai-prices` does not know, or not rightly.

    Raises:
        SpecError: Listing every fault of the parts and of the wiring, with hints.

    Example:
        >>> from flowai_harness import define_specialist, define_tenant
        >>> greeter = define_specialist(name="greeter", model="claude-haiku-4-5", prompt="Greet.")
        >>> define_runtime(tenant=define_tenant("acme", "v1"), agents=[greeter]).tenant.id
        'acme'
    """
    try:
        spec = build_runtime_spec(
            tenant=tenant,
            agents=agents,
            providers=providers,
            approval=approval,
            references=references,
            budget=budget,
            thread_budget=thread_budget,
            prices=prices,
        )
    except SpecError as error:
        wiring = _wiring_faults(agents, approval, references)
        raise SpecError([*error.faults, *wiring]) if wiring else error from None
    faults = [*_bridge.check_providers(revealed(spec.providers)), *_bridge.check_wiring(spec.to_json())["faults"]]
    if faults:
        raise SpecError(_read(faults))
    return spec


def _wiring_faults(
    agents: Sequence[AgentSpec[Any]], approval: Approval | None, references: Sequence[Reference[Any]]
) -> list[Fault]:
    """Return the faults of a wiring whose other parts are wrong; none where nothing can be said of it."""
    anyone = define_tenant("any", "any")
    for rules in (approval, None):
        with suppress(SpecError):
            spec = build_runtime_spec(tenant=anyone, agents=agents, approval=rules, references=references)
            return _read(_bridge.check_wiring(spec.to_json())["faults"])
    return []


def _read(faults: Sequence[Any]) -> list[Fault]:
    return [Fault.read(each) for each in faults]


def warnings_of(spec: RuntimeSpec) -> list[Fault]:
    """Return what is allowed in a wiring and yet looks wrong."""
    return _read(_bridge.check_wiring(spec.to_json())["warnings"])
