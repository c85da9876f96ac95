"""What `check` shows: the wiring, the policy and the agents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from flowai.cli.shown import safe
from flowai.errors import Fault, FlowaiError, SpecError
from flowai.specs.agent import BUILT_IN_TOOLS, AgentSpec, CoordinatorSpec, ExecutorSpec, PlannerSpec
from flowai.specs.runtime import RuntimeSpec
from flowai.specs.testing import TestingConfig

if TYPE_CHECKING:
    from flowai.interpreters import Runtime
    from flowai.interpreters.policy import PolicyRow

POLICY = "who is asked about what"


def check(app: RuntimeSpec | Runtime) -> bool:
    """Show how an app is wired; return whether it has no faults."""
    console = Console(highlight=False)
    try:
        runtime = _runtime(app)
    except SpecError as error:
        show_faults(error.faults)
        return False
    console.print(Text("✓ the wiring has no faults", style="bold green"))
    for warning in (*runtime.warnings, *_live_faults(app)):
        _show_fault(console, warning, "yellow")
    console.print(_policy(runtime))
    console.print(graph(runtime.spec))
    return True


def show_faults(faults: Iterable[Fault]) -> None:
    """Show everything that is wrong, each with its hint."""
    console = Console(highlight=False)
    found = list(faults)
    console.print(Text(f"✗ the wiring has {len(found)} fault{'s' * (len(found) != 1)}", style="bold red"))
    for fault in found:
        _show_fault(console, fault, "red")


def graph(spec: RuntimeSpec) -> Tree:
    """Draw who may call whom, with the tools of each."""
    tree = Tree(safe(f"{spec.tenant.id} ({spec.tenant.config_version})", "bold"))
    callers = [agent for agent in spec.agents if isinstance(agent, CoordinatorSpec)]
    reached = {route for each in callers for route in each.routes}
    for agent in spec.agents:
        if agent.name not in reached:
            _grow(tree, agent, spec)
    return tree


def _runtime(app: RuntimeSpec | Runtime) -> Runtime:
    if not isinstance(app, RuntimeSpec):
        return app
    from flowai.interpreters import create_runtime

    return create_runtime(app, testing=TestingConfig(mock_response="checked"))


def _live_faults(app: RuntimeSpec | Runtime) -> list[Fault]:
    """What only a live run needs, such as a provider for each model."""
    if not isinstance(app, RuntimeSpec):
        return []
    from flowai.interpreters import create_runtime

    try:
        create_runtime(app, interpreter="live")
    except SpecError as error:
        return [Fault(f"live: {fault.where}", fault.message, fault.hint) for fault in error.faults]
    except FlowaiError as error:
        return [Fault("live", error.message, error.hint)]
    return []


def _show_fault(console: Console, fault: Fault, style: str) -> None:
    place = safe(f"{fault.where}: " if fault.where else "", style)
    console.print(Text.assemble(("• ", style), place, safe(fault.message)))
    if fault.hint:
        console.print(Text.assemble("  hint: ", safe(fault.hint), style="dim"))


def _policy(runtime: Runtime) -> Table:
    table = Table(title=POLICY, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("agent", "about", "asks", "because of"):
        table.add_column(title, no_wrap=True)
    table.add_column("in place of")
    agent = ""
    for row in runtime.explain_policy():
        if agent and row.agent != agent:
            table.add_section()
        name, agent = ("" if row.agent == agent else row.agent), row.agent
        rule = safe(row.rule, "dim" if row.rule == "never" else "bold yellow")
        table.add_row(safe(name, "bold magenta"), safe(row.subject), rule, _spoken(row.source), _replaced(row))
    return table


def _replaced(row: PolicyRow) -> Text:
    """Name the broader rules that say something else."""
    others = [rule for rule in row.shadowed if not rule.endswith(f": {row.rule}")]
    return _spoken("\n".join(others))


def _spoken(source: str) -> Text:
    return Text("\n").join(safe(line, "dim") for line in source.replace("_", " ").splitlines())


def _grow(tree: Tree, agent: AgentSpec[Any], spec: RuntimeSpec) -> None:
    branch = tree.add(Text.assemble(safe(agent.name, "bold magenta"), f"  {agent.role}  ", safe(agent.model, "dim")))
    tools = [*BUILT_IN_TOOLS[agent.role], *(f"{tool.name} ({tool.access})" for tool in agent.tools)]
    if tools:
        branch.add(safe("tools: " + ", ".join(tools), "cyan"))
    for kit in agent.toolkits:
        branch.add(safe(f"toolkit: {kit}", "cyan"))
    if isinstance(agent, PlannerSpec | ExecutorSpec):
        branch.add(safe(f"plan: {agent.plan.name} of {', '.join(agent.plan.variants) or 'anything'}", "yellow"))
    if isinstance(agent, CoordinatorSpec):
        for route in agent.routes:
            callee = spec.agent(route)
            if callee is not None:
                _grow(branch, callee, spec)
