"""Scripts and decisions are plain lists, flat or one for each query, of every kind of item in any mixture."""

from __future__ import annotations

from flowai.interpreters import Crashes, Delays, Hangs, Test
from flowai.specs.testing import TestingConfig
from flowai_harness import Answers, Approve, Calls, Fails, Reject, RunAgain, Says, Thinks

steps = [Says("one"), Says("two")]
words = ["one", "two"]

Test(script=steps)
Test(script=words)
Test(script=["one", Says("two"), Calls("find", colour="red") + Says("three"), Answers({"units": 3})])
Test(script=(Thinks("hm"), "one", Fails("overloaded")))
Test(script=[["one", Says("two")], [], [Calls("find", colour="red")]])
Test(script={"buyer": ["one", Says("two")], "planner": [[Calls("find")], ["one", Says("two")]]})

Test(decisions=["approve", "reject"])
Test(decisions=[Approve(), Reject("too dear"), "approve", RunAgain()])
Test(decisions=[["approve", Reject("too dear")], []])

Test(script=["one"], faults={"find": [RuntimeError("down"), Delays(20)], "2": Hangs(), "CallTool": Crashes()})
TestingConfig(
    script=[[Says("one"), "two"], ["three"]],
    decisions=[["approve", Reject("no")], [Approve(actions=[0])]],
    faults=[{"find": Delays(20)}, None],
)
