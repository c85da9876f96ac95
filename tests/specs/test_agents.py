"""The four roles, and everything that can be wrong with their arguments."""

from typing import Any

import pytest
from pydantic import BaseModel

from flowai.errors import SpecError
from flowai.specs.define_agent import define_coordinator, define_executor, define_planner, define_specialist
from flowai.specs.plan import define_plan
from flowai.specs.tool import define_tool


class Opaque:
    pass


class Errand(BaseModel):
    steps: list[str]


errand = define_plan("Errand", Errand)
BASE: dict[str, Any] = {"name": "agent", "model": "claude-sonnet-4-6", "prompt": "Do."}


@define_tool(access="read")
def look(word: str) -> str:
    """Look."""
    return word


ROLES: list[tuple[Any, dict[str, Any], bool]] = [
    (define_coordinator, {"routes": ["other"]}, True),
    (define_planner, {"plan": errand}, True),
    (define_executor, {"plan": errand}, False),
    (define_specialist, {}, False),
]


@pytest.mark.parametrize(("define", "required", "stateful"), ROLES)
def test_each_role_has_its_defaults(define: Any, required: dict[str, Any], *, stateful: bool) -> None:
    spec = define(**BASE, **required)
    written = spec.to_json()
    assert written["role"] == spec.role == define.__name__.removeprefix("define_")
    assert written["stateful"] is stateful
    assert written["max_steps"] == 50
    assert written["approval"] == {"plans": None, "tools": None}
    assert define(**BASE, **required, stateful=not stateful).stateful is not stateful


@pytest.mark.parametrize(("define", "required", "stateful"), ROLES)
def test_each_role_takes_every_option(define: Any, required: dict[str, Any], *, stateful: bool) -> None:
    spec = define(
        **BASE,
        **required,
        tools=[look],
        toolkits=["catalog"],
        approval={"plans": "never", "tools": {"when": "args.word == 'x'"}},
        tool_approvals={"look": {"ask": "always", "expires_in": 60}},
        output=Errand,
        settings={"temperature": 0},
        max_steps=3,
        history={"turns": 20},
        stateful=stateful,
    ).to_json()
    assert [tool["name"] for tool in spec["tools"]] == ["look"]
    assert spec["approval"] == {"plans": "never", "tools": {"when": "args.word == 'x'", "expires_in_ms": None}}
    assert spec["tool_approvals"] == {"look": {"ask": "always", "expires_in_ms": 60_000}}
    assert spec["output"]["properties"]["steps"]["type"] == "array"
    assert (spec["settings"], spec["max_steps"], spec["history"]) == ({"temperature": 0}, 3, {"turns": 20})


def test_all_faults_are_one_error() -> None:
    wrong: Any = define_coordinator
    with pytest.raises(SpecError) as caught:
        wrong(
            name="two words",
            model="",
            prompt="Route.",
            routes=[],
            tools=[print],
            aproval={"plans": "always"},
            tool_approvals={"look": "allways"},
            max_steps=0,
            history={"turns": 0},
            settings={"seed": object()},
            output=Opaque,
        )
    said = str(caught.value)
    assert len(caught.value.faults) == 10
    for part in ("`two words`", "`model`", "`routes`", "`print`", "did you mean `approval`?", "`allways`", "`output`"):
        assert part in said


@pytest.mark.parametrize(
    ("define", "options", "said"),
    [
        (define_coordinator, {"routes": ["agent"]}, "names the coordinator itself"),
        (define_coordinator, {"routes": ["a", "a"]}, "names `a` more than once"),
        (define_coordinator, {"routes": "greeter"}, "`routes` names no agent"),
        (define_planner, {"plan": Errand}, "`plan` is not a plan"),
        (define_executor, {"plan": None}, "`plan` is not a plan"),
        (define_executor, {"plan": errand, "dispatcher": 3}, "`dispatcher` is not an `ActionDispatcher`"),
        (define_specialist, {"tools": [look, look]}, "two tools are called `look`"),
        (define_specialist, {"tools": look}, "`tools` is not a list"),
        (define_specialist, {"toolkits": "catalog"}, "`toolkits` is not a list"),
        (define_specialist, {"approval": {"plan": "always"}}, "unknown key `plan` in `approval`"),
        (define_specialist, {"approval": "always"}, "`approval` is not a mapping"),
        (define_specialist, {"stateful": "yes"}, "`stateful` is 'yes'"),
        (define_specialist, {"routes": ["a"]}, "unknown option `routes`"),
    ],
)
def test_a_fault_says_what_would_be_right(define: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        define(**BASE, **options)
    assert caught.value.hint


def test_a_tool_may_not_take_the_name_of_a_built_in_one() -> None:
    @define_tool(name="get_plan", access="read")
    def mine() -> str:
        return ""

    with pytest.raises(SpecError, match="`get_plan` is built into a planner"):
        define_planner(**BASE, plan=errand, tools=[mine])


def test_a_spec_is_frozen() -> None:
    spec: Any = define_specialist(**BASE)
    with pytest.raises(AttributeError):
        spec.name = "other"
