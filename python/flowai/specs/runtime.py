"""What a runtime serves: a tenant, its agents, its providers and its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from flowai.specs.agent import AgentSpec
from flowai.specs.budget import Budget, checked_budget
from flowai.specs.faults import Faults
from flowai.specs.price import Price, checked_prices
from flowai.specs.provider import ProviderConfig, ProviderSpec, to_provider
from flowai.specs.reference import Reference
from flowai.specs.rule import Approval, Rule, approval_json, to_approval
from flowai.specs.tenant import TenantSpec

if TYPE_CHECKING:
    from flowai.specs.encoding import JsonObject


@dataclass(frozen=True, eq=False, kw_only=True)
class RuntimeSpec:
    """Everything a runtime is made of, each part checked."""

    tenant: TenantSpec
    agents: tuple[AgentSpec[Any], ...]
    approval: Mapping[str, Rule] | None = None
    references: tuple[Reference[Any], ...] = ()
    providers: Mapping[str, ProviderSpec] = field(default_factory=dict[str, ProviderSpec])
    budget: Budget = field(default_factory=Budget)
    """What each run may use; it is given with the run, as a query may narrow it."""
    thread_budget: Budget = field(default_factory=Budget)
    """What all runs of a thread may use together."""
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    """What models cost that no list knows."""

    def agent(self, name: str) -> AgentSpec[Any] | None:
        """Return the agent of a name."""
        return next((agent for agent in self.agents if agent.name == name), None)

    def reference(self, kind: str) -> Reference[Any] | None:
        """Return the reference of a kind."""
        return next((each for each in self.references if each.name == kind), None)

    def to_json(self) -> JsonObject:
        """Return the JSON form that the core reads; of providers it holds only the names."""
        return {
            "tenant": self.tenant.to_json(),
            "agents": [agent.to_json() for agent in self.agents],
            "approval": None if self.approval is None else approval_json(self.approval),
            "references": [reference.to_json() for reference in self.references],
            "providers": sorted(self.providers),
        }


def build_runtime_spec(
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
    """Check each part; the wiring between agents is checked by the core.

    Raises:
        SpecError: listing everything that is wrong with the parts.

    Example:
        >>> from flowai.specs.define_agent import define_specialist
        >>> from flowai.specs.tenant import define_tenant
        >>> greeter = define_specialist(name="greeter", model="claude-haiku-4-5", prompt="Greet.")
        >>> build_runtime_spec(tenant=define_tenant("acme", "v1"), agents=[greeter]).to_json()["tenant"]
        {'id': 'acme', 'config_version': 'v1'}
    """
    faults = Faults("runtime")
    _check_tenant(tenant, faults)
    _check_all(agents, AgentSpec, "agents", "define_specialist", faults)
    _check_all(references, Reference, "references", "define_reference", faults)
    if not len(faults) and not agents:
        faults.add("`agents` is empty", hint="give at least one agent")
    if not len(faults):
        _check_kinds(references, faults)
    rules = None if approval is None else faults.attempt(lambda: to_approval(approval, "runtime"))
    read = _providers(providers, faults)
    limits = faults.attempt(lambda: checked_budget(budget)) or Budget()
    thread_limits = faults.attempt(lambda: checked_budget(thread_budget, "thread_budget")) or Budget()
    known = faults.attempt(lambda: checked_prices(prices)) or {}
    faults.raise_if_any()
    return RuntimeSpec(
        tenant=tenant,
        agents=tuple(agents),
        approval=rules,
        references=tuple(references),
        providers=read,
        budget=limits,
        thread_budget=thread_limits,
        prices=known,
    )


def read_providers(written: Mapping[str, ProviderConfig] | None, where: str) -> dict[str, ProviderSpec]:
    """Check the providers that a runtime or an interpreter is given.

    Raises:
        SpecError: listing everything that is wrong with them.
    """
    faults = Faults(where)
    read = _providers(written, faults)
    faults.raise_if_any()
    return read


def _check_tenant(tenant: object, faults: Faults) -> None:
    if not isinstance(tenant, TenantSpec):
        faults.add("`tenant` is not a tenant", hint='write `define_tenant("acme", "v1")`')


def _check_all(given: object, wanted: type[Any], option: str, maker: str, faults: Faults) -> None:
    if not isinstance(given, Sequence) or isinstance(given, str):
        faults.add(f"`{option}` is not a list", hint=f"write `{option}=[...]`")
        return
    for each in cast("Sequence[object]", given):
        if not isinstance(each, wanted):
            faults.add(f"`{each!r}` in `{option}` is none", hint=f"make it with `{maker}` or its siblings")


def _check_kinds(references: Sequence[Reference[Any]], faults: Faults) -> None:
    names = [each.name for each in references]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            faults.add(f"two references are called `{name}`", hint="give each kind a name of its own")


def _providers(given: object, faults: Faults) -> dict[str, ProviderSpec]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        faults.add("`providers` is not a mapping", hint='write {"anthropic": {"apiKey": "..."}}')
        return {}
    read = {
        name: faults.attempt(partial(to_provider, name, written))
        for name, written in cast("Mapping[str, object]", given).items()
    }
    return {name: provider for name, provider in read.items() if provider is not None}
