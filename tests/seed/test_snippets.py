"""The announced snippets, run as they stand, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SNIPPETS = ROOT.parent / "shared" / "seed" / "snippets"

NAMES = ["approvals", "catalog", "evals", "hello", "plan", "reference"]


@pytest.fixture(autouse=True)
def _snippets() -> None:
    if not SNIPPETS.is_dir():
        pytest.skip("the announced snippets are not there: ../shared/seed/snippets, beside the project")


def run(code: str) -> str:
    """Run code beside the snippets, warnings as errors, with no key in reach."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=SNIPPETS,
        env={"PYTHONPATH": str(ROOT / "python"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_snippet_is_known() -> None:
    assert sorted(path.stem for path in SNIPPETS.glob("*.py")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_snippet_runs_as_it_stands(name: str) -> None:
    run(f"import runpy; runpy.run_path({name + '.py'!r}, run_name='__main__')")


def test_hello_tells_what_happens() -> None:
    lines = run("import hello").splitlines()
    assert "run_started" in lines[0]
    assert "hello from the Rust runtime" in lines[-1]


def test_the_announced_plan_checks_its_actions() -> None:
    code = """
        from flowai_harness import FlowaiError
        from plan import scenario_plan
        rest = {"scope_ref": "s", "rationale": "r"}
        action = {"kind": "price_change", "product_id": "a", "new_price": 1}
        assert scenario_plan.validate(rest | {"actions": [action]}).actions[0].new_price == 1
        for wrong in (action | {"kind": "promotion_launch"}, action | {"kind": "nothing"}, {}):
            try:
                scenario_plan.validate(rest | {"actions": [wrong]})
            except FlowaiError:
                continue
            raise SystemExit(f"{wrong} passed")
    """
    run(_dedented(code))


def test_the_announced_agents_are_a_runtime() -> None:
    code = """
        from approvals import coordinator, executor
        from plan import scenario_plan
        from flowai_harness import Calls, Says, TestingConfig, create_runtime, define_planner, define_runtime
        from flowai_harness import define_tenant
        planner = define_planner(name="scenario_planner", model="claude-sonnet-4-6", plan=scenario_plan, prompt="Plan.")
        spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[coordinator, planner, executor])
        plan = {"scope_ref": "s", "rationale": "r", "actions": []}
        script = {
            "scenario_coordinator": [Calls("call_agent", agent="scenario_planner", message="plan"), Says("done")],
            "scenario_planner": [Calls("store_plan", plan=plan), Says("stored")],
        }
        runtime = create_runtime(spec, testing=TestingConfig(script=script, decisions=["approve"]))
        run = runtime.blocking.query("go", thread_id="t")
        [asked] = [event for event in run.events if event.type == "approval_required"]
        assert (asked.kind, asked.agent) == ("plan", "scenario_planner")
        assert any("execute_query" in str(each) for each in runtime.warnings)
    """
    run(_dedented(code))


def test_the_catalog_says_that_it_comes_later() -> None:
    code = """
        from catalog import planner
        from flowai_harness import SpecError, TestingConfig, create_runtime, define_runtime, define_tenant
        spec = define_runtime(tenant=define_tenant("acme", "v1"), agents=[planner])
        try:
            create_runtime(spec, testing=TestingConfig(mock_response="x"))
        except SpecError as error:
            assert "later release" in str(error)
        else:
            raise SystemExit("the catalog is not here yet")
    """
    run(_dedented(code))


def test_the_announced_reference_has_its_glimpse() -> None:
    code = """
        from reference import ProductSet, ProductSetPayload
        glimpse = ProductSet.glimpse_of(ProductSetPayload(product_ids=["a", "b", "c", "d"]))
        assert glimpse == {"productCount": 4, "preview": ["a", "b", "c"]}
    """
    run(_dedented(code))


def _dedented(code: str) -> str:
    from textwrap import dedent

    return dedent(code)
