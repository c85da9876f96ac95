"""Row 13: tools are registered as functions; nothing that a configuration names is imported or run."""

from typing import Any

import pytest

from flowai_harness import Calls, Says, SpecError, define_runtime, define_specialist, define_tenant
from tests.harness.desk import asked, clerk_runtime, of


@pytest.mark.parametrize("tool", ["os.system", "builtins:eval", "subprocess.run", {"function": "os.system"}, print])
def test_a_tool_by_name_is_refused(tool: Any) -> None:
    with pytest.raises(SpecError, match="is not a tool"):
        define_specialist(name="clerk", model="m", prompt="x", tools=[tool])


@pytest.mark.parametrize("name", ["os.system", "__import__", "eval", "builtins.exec", "../read_row"])
def test_a_call_by_such_a_name_runs_nothing(name: str) -> None:
    run = asked(clerk_runtime(Calls(name, {"command": "id"}), Says("x")))
    assert of(run, "tool_called") == []
    assert run.output == "x"


@pytest.mark.parametrize("when", ["__import__('os').system('id')", "eval('1')", "open('/etc/passwd')"])
def test_a_policy_evaluates_no_python(when: str) -> None:
    from tests.harness.desk import desk

    with pytest.raises(SpecError):
        desk(tool_approvals={"write_row": {"when": when}})


def test_a_provider_takes_no_code() -> None:
    providers: Any = {"anthropic": {"factory": "os.system"}}
    agent = define_specialist(name="clerk", model="m", prompt="x")
    with pytest.raises(SpecError, match="factory"):
        define_runtime(tenant=define_tenant("acme", "v1"), agents=[agent], providers=providers)
