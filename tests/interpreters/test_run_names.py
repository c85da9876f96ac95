"""The names of test runs: alike where a seed says so, and otherwise of this process alone."""

import subprocess
import sys

from flowai import DrawId
from flowai.interpreters import Eval, Test
from flowai_harness import Calls, Says, TestingConfig, create_runtime
from tests.harness.desk import Rows, asked, desk, of

NAMED = "from flowai import pure; from flowai.interpreters import Test; print(Test({}).run(pure(1)).run_id)"


def named_elsewhere(seed: str) -> str:
    code = NAMED.format(seed)
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_a_run_without_a_seed_is_named_for_its_process() -> None:
    here = Test().run(DrawId()).run_id
    assert here == Test().run(DrawId()).run_id
    assert named_elsewhere("") not in {here, named_elsewhere("")}


def test_a_seeded_run_has_the_same_name_everywhere() -> None:
    here = Test(seed=7).run(DrawId()).run_id
    assert named_elsewhere("seed=7") == here
    assert named_elsewhere("seed=8") != here
    assert Test(seed=0).run(DrawId()).run_id == named_elsewhere("seed=0")


def test_the_idempotency_keys_of_queries_differ() -> None:
    script = {"clerk": [Calls("read_row", row=1), Says("x")]}
    runtime = create_runtime(desk(), Rows(), testing=TestingConfig(script=script))
    keys = [each.idempotency_key for _ in range(3) for each in of(asked(runtime), "tool_called")]
    assert len(set(keys)) == 3


def test_a_replay_has_the_name_of_its_recording() -> None:
    first = Test(seed=3).run(DrawId())
    assert Eval(Test()).replay(first.recording).run(DrawId()).run_id == first.run_id
