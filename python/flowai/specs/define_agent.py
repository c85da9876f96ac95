"""The four roles, each made by a function of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from flowai.specs.agent import CoordinatorSpec, ExecutorSpec, PlannerSpec, SpecialistSpec
from flowai.specs.agent_options import AgentOptions, check_identity, check_output, read_options, read_routes
from flowai.specs.dispatcher import ActionDispatcher
from flowai.specs.faults import Faults
from flowai.specs.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowai.specs.agent import Role

Output = TypeVar("Output")


@overload
def define_coordinator(
    *, name: str, model: str, prompt: str, routes: Sequence[str], output: None = None, **options: Unpack[AgentOptions]
) -> CoordinatorSpec[str]: ...
@overload
def define_coordinator(
    *, name: str, model: str, prompt: str, routes: Sequence[str], output: type[Output], **options: Unpack[AgentOptions]
) -> CoordinatorSpec[Output]: ...
def define_coordinator(
    *, name: str, model: str, prompt: str, routes: Sequence[str], output: Any = None, **options: Unpack[AgentOptions]
) -> CoordinatorSpec[Any]:
    """Define the agent that reads the request and routes the work; stateful by default.

    Args:
        name: what other specs call it.
        model: the model, such as `claude-sonnet-4-6` or `provider:model`.
        prompt: its instructions.
        routes: the agents it may call; at least one.
        output: the type of its result; text where none is given.
        **options: see `AgentOptions`.

    Raises:
        SpecError: listing everything that is wrong with the arguments.

    Example:
        >>> define_coordinator(name="desk", model="claude-sonnet-4-6", routes=["greeter"], prompt="Route.").routes
        ('greeter',)
    """
    faults = Faults(f"coordinator `{name}`")
    read_names = read_routes(routes, name, faults)
    common = _common("coordinator", (name, model, prompt, output), options, faults)
    return CoordinatorSpec[Any](routes=read_names, **common)


@overload
def define_planner(
    *, name: str, model: str, prompt: str, plan: Plan[Any], output: None = None, **options: Unpack[AgentOptions]
) -> PlannerSpec[str]: ...
@overload
def define_planner(
    *, name: str, model: str, prompt: str, plan: Plan[Any], output: type[Output], **options: Unpack[AgentOptions]
) -> PlannerSpec[Output]: ...
def define_planner(
    *, name: str, model: str, prompt: str, plan: Plan[Any], output: Any = None, **options: Unpack[AgentOptions]
) -> PlannerSpec[Any]:
    """Define the agent that makes a typed plan of a goal; stateful by default.

    Args:
        name: what other specs call it.
        model: the model.
        prompt: its instructions.
        plan: the kind of plan it makes.
        output: the type of its result; text where none is given.
        **options: see `AgentOptions`.

    Raises:
        SpecError: listing everything that is wrong with the arguments.

    Example:
        >>> from pydantic import BaseModel
        >>> from flowai.specs.plan import define_plan
        >>> class Errand(BaseModel):
        ...     steps: list[str]
        >>> errand = define_plan(name="Errand", schema=Errand)
        >>> define_planner(name="planner", model="claude-sonnet-4-6", plan=errand, prompt="Plan.").stateful
        True
    """
    faults = Faults(f"planner `{name}`")
    _check_plan(plan, faults)
    common = _common("planner", (name, model, prompt, output), options, faults)
    return PlannerSpec[Any](plan=plan, **common)


@overload
def define_executor(
    *,
    name: str,
    model: str,
    prompt: str,
    plan: Plan[Any],
    dispatcher: ActionDispatcher[Any] | None = None,
    output: None = None,
    **options: Unpack[AgentOptions],
) -> ExecutorSpec[str]: ...
@overload
def define_executor(
    *,
    name: str,
    model: str,
    prompt: str,
    plan: Plan[Any],
    dispatcher: ActionDispatcher[Any] | None = None,
    output: type[Output],
    **options: Unpack[AgentOptions],
) -> ExecutorSpec[Output]: ...
def define_executor(
    *,
    name: str,
    model: str,
    prompt: str,
    plan: Plan[Any],
    dispatcher: ActionDispatcher[Any] | None = None,
    output: Any = None,
    **options: Unpack[AgentOptions],
) -> ExecutorSpec[Any]:
    """Define the agent that carries out an approved plan; stateless by default.

    Args:
        name: what other specs call it.
        model: the model.
        prompt: its instructions.
        plan: the kind of plan it carries out.
        dispatcher: the functions that perform the actions; without one the agent calls its tools.
        output: the type of its result; text where none is given.
        **options: see `AgentOptions`.

    Raises:
        SpecError: listing everything that is wrong with the arguments.

    Example:
        >>> from pydantic import BaseModel
        >>> from flowai.specs.plan import define_plan
        >>> class Errand(BaseModel):
        ...     steps: list[str]
        >>> errand = define_plan(name="Errand", schema=Errand)
        >>> define_executor(name="executor", model="claude-sonnet-4-6", plan=errand, prompt="Act.").stateful
        False
    """
    faults = Faults(f"executor `{name}`")
    _check_plan(plan, faults)
    _check_dispatcher(dispatcher, plan, faults)
    common = _common("executor", (name, model, prompt, output), options, faults)
    if dispatcher is not None:
        dispatcher.seal(name)
    return ExecutorSpec[Any](plan=plan, dispatcher=dispatcher, **common)


@overload
def define_specialist(
    *, name: str, model: str, prompt: str, output: None = None, **options: Unpack[AgentOptions]
) -> SpecialistSpec[str]: ...
@overload
def define_specialist(
    *, name: str, model: str, prompt: str, output: type[Output], **options: Unpack[AgentOptions]
) -> SpecialistSpec[Output]: ...
def define_specialist(
    *, name: str, model: str, prompt: str, output: Any = None, **options: Unpack[AgentOptions]
) -> SpecialistSpec[Any]:
    """Define an agent for one focused job; stateless by default.

    Args:
        name: what other specs call it.
        model: the model.
        prompt: its instructions.
        output: the type of its result; text where none is given.
        **options: see `AgentOptions`.

    Raises:
        SpecError: listing everything that is wrong with the arguments.

    Example:
        >>> define_specialist(name="greeter", model="claude-haiku-4-5", prompt="Greet.", output=int).output
        <class 'int'>
    """
    faults = Faults(f"specialist `{name}`")
    common = _common("specialist", (name, model, prompt, output), options, faults)
    return SpecialistSpec[Any](**common)


def _common(
    role: Role, identity: tuple[str, str, str, Any], options: Mapping[str, object], faults: Faults
) -> dict[str, Any]:
    """Check what all roles share, and raise every fault found so far."""
    name, model, prompt, output = identity
    output = None if output is str else output
    check_identity(name, model, prompt, faults)
    check_output(output, faults)
    read = read_options(role, options, faults)
    faults.raise_if_any()
    read.setdefault("stateful", role in {"coordinator", "planner"})
    return {"name": name, "model": model, "prompt": prompt, "output": output, **read}


def _check_plan(plan: object, faults: Faults) -> None:
    if not isinstance(plan, Plan):
        faults.add("`plan` is not a plan", hint='make one with `define_plan(name="...", schema=Model)`')


def _check_dispatcher(dispatcher: ActionDispatcher[Any] | None, plan: object, faults: Faults) -> None:
    if dispatcher is None:
        return
    if not _is_dispatcher(dispatcher):
        faults.add("`dispatcher` is not an `ActionDispatcher`", hint="write `ActionDispatcher(plan)`")
        return
    if dispatcher.plan is not plan:
        faults.add("`dispatcher` performs another plan", hint="give both the same `plan`")
    for kind in dispatcher.missing():
        faults.add(f"`dispatcher` has no function for `{kind}`", hint="add one with `@dispatcher.on(...)`")


def _is_dispatcher(dispatcher: object) -> bool:
    return isinstance(dispatcher, ActionDispatcher)
