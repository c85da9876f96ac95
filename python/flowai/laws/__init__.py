"""Laws: what every interpreter must keep, as code that anybody may run against theirs.

1, 2. Programs are a monad, and a generator is a chain of binds: `chains`.
3, 4, 5. What runs side by side does not depend on the schedule: `branches`.
6, 7. Failures are handled where the program says, and cleanups run once: `failures`.
8, 10. Interpreters agree with the reference, and a run can be had again: `agreement`.
9. A program asks what it declares, and somebody answers: `rows`.
11. Recording changes nothing, and a recording is the run again: `recordings`.
12. No gated call without its own approval: `approvals`.
13. A handle is its value: `references`.
14. A limit never adds effects: `limits`.
15. Depth costs memory, never stack: `depth`.
"""

from flowai.laws.check import check_interpreter, laws
from flowai.laws.explore import Exploration, InvariantBroken, explore
from flowai.laws.law import LAWS, Law, Observation, Subject, law
from flowai.laws.observed import Observed
from flowai.laws.reference import Reference
from flowai.laws.samples import GiveNumber, GiveText, MakeNote, SampleFailed, World
from flowai.laws.strategies import delays, failures, names, programs, schedules, scripts
from flowai.laws.trial import Trial
from flowai.laws.users import agent_scripts, arguments_of, decisions, faults

__all__ = [
    "LAWS",
    "Exploration",
    "GiveNumber",
    "GiveText",
    "InvariantBroken",
    "Law",
    "MakeNote",
    "Observation",
    "Observed",
    "Reference",
    "SampleFailed",
    "Subject",
    "Trial",
    "World",
    "agent_scripts",
    "arguments_of",
    "check_interpreter",
    "decisions",
    "delays",
    "explore",
    "failures",
    "faults",
    "law",
    "laws",
    "names",
    "programs",
    "schedules",
    "scripts",
]
