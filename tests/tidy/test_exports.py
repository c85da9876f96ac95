"""The frozen lists of public names: a change here is a change for users, and goes into CHANGELOG.md."""

import importlib
import subprocess
import sys

import pytest

ANNOUNCED = """
    RawSampleOutput TaggedUnion TestingConfig create_runtime define_coordinator define_executor define_plan
    define_planner define_reference define_runtime define_specialist define_tenant define_test_case define_tool
    score_sample
""".split()

FROZEN = {
    "flowai_harness": [
        *ANNOUNCED,
        *"""
        ActionDispatcher Answers Approve Budget Calls Failed Fails FlowaiError Handle Happened Price ProviderConfig Ref
        Reject Run RunAgain Runtime Says SpecError Thinks ToolContext
        """.split(),
    ],
    "flowai": """
        AdvancePlan Agents Approvals Askable AwaitApproval CallAgent CallModel CallTool Cancelled Chance Clock Do DrawId
        DrawNumber Effect File LoadPlan LoadRef ModelAnswer Models Plans Program ProgramFunction ReadClock References
        RetryPolicy Sleep
        StorePlan StoreRef Tools Tree agent_step catch ensure fail fallback for_each gather program pure race retry
        timeout
    """.split(),
    "flowai.interpreters": """
        Budget Crashes Delays Eval Hangs Live PendingApproval PlanRecord Price Recording Run Runtime Test create_runtime
        define_runtime
    """.split(),
}


@pytest.mark.parametrize("package", FROZEN)
def test_the_public_names_are_the_frozen_ones(package: str) -> None:
    assert sorted(importlib.import_module(package).__all__) == sorted(FROZEN[package])


@pytest.mark.parametrize("package", FROZEN)
def test_every_public_name_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []
    assert set(module.__all__) <= set(dir(module))


def test_every_announced_name_is_public() -> None:
    assert set(ANNOUNCED) <= set(FROZEN["flowai_harness"])


@pytest.mark.parametrize("package", ["flowai", "flowai_harness"])
def test_an_import_opens_nothing_heavy(package: str) -> None:
    heavy = "{'pydantic', 'returns', 'rich', 'asyncio', 'flowai._bridge'}"
    code = f"import sys, {package}; print(sorted({heavy} & set(sys.modules)))"
    opened = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert opened.strip() == "[]"
