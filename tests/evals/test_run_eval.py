"""Evaluations: targets, interpreters, repeats, errors, results that resume."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowai import CallModel, Do, Models, program
from flowai.errors import SpecError, StorageError
from flowai.evals import (
    Dataset,
    ExactMatch,
    RawSampleOutput,
    Sample,
    Scorer,
    TestCase,
    define_test_case,
    load_results,
    rescore,
    run_eval,
)
from flowai.evals.runs.folder import ResultFolder
from flowai.evals.score import Score
from flowai.interpreters import Live, Test
from flowai_harness import TestingConfig
from tests.evals import shop


@program
def greet(name: str) -> Do[Models, str]:
    return (yield from CallModel("any", prompt=f"Greet {name}."))


def greeting(case_id: str = "ana", said: str = "Hello, Ana.") -> TestCase:
    return define_test_case(case_id, "Ana", expected_response="Hello, Ana.", testing=TestingConfig(script=[said]))


def made_for(case: TestCase) -> Any:
    return shop.runtime() if case.id == "order" else None


@pytest.mark.parametrize("target", [shop.runtime(), shop.spec, shop.clerk, made_for], ids=str)
def test_a_runtime_a_spec_an_agent_and_a_function_are_targets(target: Any) -> None:
    (sample,) = run_eval([shop.case()], target, scorer_preset="strict").samples
    assert (sample.aggregate, sample.error) == (1.0, None)


def test_a_program_is_a_target() -> None:
    found = run_eval([greeting(), greeting("bob", "Hi.")], greet, scorers=[ExactMatch()])
    assert found.by_case() == {"ana": [1.0], "bob": [0.0]}


def test_an_approval_that_the_case_does_not_answer_fails_it() -> None:
    (sample,) = run_eval([shop.case(decisions=())], shop.runtime()).samples
    assert sample.error is not None
    assert sample.error.kind == "ScriptMismatch"
    assert "nobody answers the approval" in sample.error.message
    assert sample.aggregate is None


def answer(call: CallModel[str]) -> Any:
    """Answer as the script of the shop does, from what was said before."""
    done = sum(message["role"] == "tool" for message in call.messages or ())
    calls = [("find", {"query": "red"}), ("order", {"sku": "red-1", "units": 3})]
    if done < len(calls):
        name, arguments = calls[done]
        return {"tool_calls": [{"id": f"call-{done}", "name": name, "arguments": arguments}]}
    return "ordered 3"


def test_under_live_the_case_answers_approvals_too() -> None:
    cases = [shop.case("yes"), shop.case("nobody", decisions=[])]
    found = run_eval(cases, shop.spec, interpreter=Live().handling(CallModel, answer), scorer_preset="strict")
    assert found.samples[0].aggregate == 1
    assert "nobody answers the approval" in str(found.samples[1].error)


def test_a_run_that_fails_is_an_error_with_its_cause_and_no_score() -> None:
    broken = define_test_case("broken", "x", agent="clerk", testing=TestingConfig(script=[]))
    found = run_eval([shop.case(), broken], shop.runtime())
    assert [sample.case_id for sample in found.errors] == ["broken"]
    assert found.mean() == 1
    assert "broken#1 ScriptMismatch" in str(found)


def test_a_scorer_that_raises_gives_a_missing_score() -> None:
    class Broken(Scorer):
        def score(self, case: TestCase, output: RawSampleOutput) -> Score:
            raise ZeroDivisionError("no")

    (sample,) = run_eval([greeting()], greet, scorers=[Broken(), ExactMatch()]).samples
    assert sample.aggregate == 1
    assert sample.scored is not None
    assert sample.scored.scores[0].reason == "missing: ZeroDivisionError: no"


def test_nobody_who_answers_is_an_error_of_the_case() -> None:
    (sample,) = run_eval([define_test_case("a", "x")], greet).samples
    assert "nobody answers the models" in str(sample.error)


def test_repeats_run_each_case_again() -> None:
    found = run_eval([greeting(), greeting("bob")], greet, scorers=[ExactMatch()], repeats=3, concurrency=2)
    assert [(sample.case_id, sample.repeat) for sample in found] == [
        (case, repeat) for case in ("ana", "bob") for repeat in (1, 2, 3)
    ]


async def _inside() -> float | None:
    return run_eval([greeting()], greet, scorers=[ExactMatch()]).mean()


def test_an_evaluation_may_be_run_inside_a_running_loop() -> None:
    import asyncio

    assert asyncio.run(_inside()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interpreter": "tset"}, "there is no interpreter `tset`"),
        ({"repeats": 0}, "`repeats` is 0"),
        ({"concurrency": True}, "`concurrency` is True"),
        ({"scorer_preset": "plan"}, "unknown scorer preset"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        run_eval([greeting()], greet, **options)


def test_a_target_that_is_none_is_an_error_with_a_hint() -> None:
    (sample,) = run_eval([greeting()], 3).samples
    assert "a `int` cannot be evaluated" in str(sample.error)


def test_two_cases_of_one_name_are_refused() -> None:
    with pytest.raises(SpecError, match="two cases are called `ana`"):
        run_eval([greeting(), greeting()], greet)


# Results


def counting(seen: list[str]) -> Any:
    def made(case: TestCase) -> Any:
        seen.append(case.id)
        return greet(case.prompt)

    return made


def test_only_what_is_not_finished_runs_again(tmp_path: Path) -> None:
    seen: list[str] = []
    broken = define_test_case("cy", "x", testing=TestingConfig(script=[]))
    options: dict[str, Any] = {"scorers": [ExactMatch()], "results": tmp_path / "out"}
    run_eval([greeting(), broken], counting(seen), **options)
    again = run_eval([greeting(), greeting("bob"), greeting("cy")], counting(seen), **options)
    assert seen == ["ana", "cy", "bob", "cy"]
    assert again.by_case() == {"ana": [1.0], "bob": [1.0], "cy": [1.0]}
    assert load_results(tmp_path / "out").by_case() == {"ana": [1.0], "cy": [1.0], "bob": [1.0]}


def test_a_changed_case_runs_again(tmp_path: Path) -> None:
    seen: list[str] = []
    for said in ("Hello, Ana.", "Hello, Ana.", "Hi."):
        run_eval([greeting("ana", said)], counting(seen), scorers=[ExactMatch()], results=tmp_path)
    assert seen == ["ana", "ana"]


def test_a_line_that_was_cut_off_is_run_again(tmp_path: Path) -> None:
    seen: list[str] = []
    cases = [greeting(), greeting("bob")]
    run_eval(cases, counting(seen), scorers=[ExactMatch()], results=tmp_path, concurrency=1)
    file = tmp_path / "results.jsonl"
    file.write_text(file.read_text()[:-20])
    found = run_eval(cases, counting(seen), scorers=[ExactMatch()], results=tmp_path)
    assert seen == ["ana", "bob", "bob"]
    assert found.mean() == 1
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_two_writers_to_one_file_are_refused(tmp_path: Path) -> None:
    header = {"dataset": "cases", "target": "greet", "interpreter": None, "scorers": ["response"]}
    with ResultFolder(tmp_path, header), pytest.raises(StorageError, match="another evaluation is writing"):
        run_eval([greeting()], greet, scorers=[ExactMatch()], results=tmp_path)
    assert run_eval([greeting()], greet, scorers=[ExactMatch()], results=tmp_path).mean() == 1


def test_another_process_that_writes_is_refused_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    code = f"""
import sys
from flowai.evals.runs.folder import ResultFolder
kept = ResultFolder({str(tmp_path)!r}, {{}}); print("has it", flush=True); sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "has it\n"
        with pytest.raises(StorageError, match="another evaluation is writing"):
            ResultFolder(tmp_path, {})
        holder.kill()
    ResultFolder(tmp_path, {}).close()


def test_results_of_another_evaluation_are_not_mixed(tmp_path: Path) -> None:
    run_eval([greeting()], greet, scorers=[ExactMatch()], results=tmp_path)
    with pytest.raises(StorageError, match="holds results of another scorers"):
        run_eval([greeting()], greet, results=tmp_path)
    found = run_eval(Dataset("other", (greeting("bob"),)), greet, scorers=[ExactMatch()], results=tmp_path, fresh=True)
    assert load_results(tmp_path).by_case() == found.by_case() == {"bob": [1.0]}


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"type": "sample"}\n'])
def test_what_is_no_result_is_said_to_be(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.jsonl").write_text(text)
    with pytest.raises(StorageError):
        load_results(tmp_path)


def test_results_are_scored_anew_without_a_run(tmp_path: Path) -> None:
    run_eval([shop.case()], shop.runtime(), results=tmp_path)
    kept = load_results(tmp_path)
    found = rescore(kept, [shop.case()], scorer_preset="executor")
    scored = found.samples[0].scored
    assert scored is not None
    assert [score.name for score in scored.scores if score.value is not None] == [
        "trajectory",
        "no_write_without_decision",
    ]
    assert found.mean() == 1
    assert "has no case `order` any more" in str(rescore(kept, []).samples[0].error)


def test_progress_is_told_after_each_sample() -> None:
    told: list[tuple[int, int, str]] = []

    def progress(done: int, total: int, sample: Sample) -> None:
        told.append((done, total, sample.case_id))

    run_eval([greeting(), greeting("bob")], greet, concurrency=1, progress=progress)
    assert told == [(1, 2, "ana"), (2, 2, "bob")]


def test_no_evaluation_touches_the_network(tmp_path: Path) -> None:
    """Every socket that is not between threads of this process is refused, and everything still works."""
    code = """
import socket, sys
def refuse(self, address): raise AssertionError(f"the network was touched: {address}")
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.getaddrinfo = lambda *a, **k: refuse(None, a)
from flowai.evals import *
from tests.evals import shop
found = run_eval([shop.case(), shop.case("two")], shop.runtime(), scorer_preset="strict", results=sys.argv[1])
from flowai.evals.reports.summary import summary
print(summary(found))
assert found.mean() == 1
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    assert "aggregate" in done.stdout


def test_an_interpreter_of_ones_own_may_answer() -> None:
    found = run_eval([greeting()], greet, interpreter=Test(mock_response="Hello, Ana."), scorers=[ExactMatch()])
    assert found.mean() == 1
