"""No path of a test needs a network: all of it runs where there is none, native code included."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

NO_NETWORK = ("unshare", "--map-root-user", "--net")
"""Runs a command in a network namespace of its own, in which not even the loopback is up."""

PROGRAM = """
import socket, sys
from pathlib import Path
from flowai.evals import Judge, NoWriteWithoutDecision, case_from_run, load_dataset, run_eval
from flowai.interpreters import Eval, Test
from flowai.laws import explore
from flowai_harness import Answers, Says, TestingConfig
from tests.evals import shop

try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError as error:
    print("no network:", error.strerror)

folder = Path(sys.argv[1])
kept = {"results": "nightly", "storage": f"sqlite:///{folder}/evals.db"}
assert run_eval([shop.case()], shop.spec, scorer_preset="strict", **kept).mean() == 1
under = shop.runtime().under(Eval(Test(script=shop.script(), decisions=["approve"])))
run = under.blocking.run_specialist("clerk", "Order three red ones")
assert case_from_run(run, shop.spec, out=folder / "case.json").passes
judge = Test(script=[Answers({"reason": "right", "score": 1})])
judged = run_eval([shop.case()], shop.spec, scorers=[Judge(rubric="Is it right?", models=("m",))], judge=judge)
assert judged.mean() == 1, judged
explore(shop.runtime(), "Hi", agent="clerk", testing=TestingConfig(script=[Says("hi")]), invariants=[])
print("done")
"""


def has_namespaces() -> bool:
    if shutil.which(NO_NETWORK[0]) is None:
        return False
    return subprocess.run([*NO_NETWORK, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not has_namespaces(), reason="this system gives no network namespaces")
def test_everything_of_an_evaluation_runs_where_there_is_no_network(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [*NO_NETWORK, sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["no network: Network is unreachable", "done"]
