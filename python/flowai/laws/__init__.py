"""Laws: what every interpreter must keep, as code that anybody may run against theirs."""

from flowai.laws.check import check_interpreter, laws
from flowai.laws.law import LAWS, Law, Observation, Subject, law
from flowai.laws.observed import Observed
from flowai.laws.reference import Reference
from flowai.laws.samples import GiveNumber, GiveText, MakeNote, SampleFailed, World
from flowai.laws.strategies import delays, failures, names, programs, schedules, scripts

__all__ = [
    "LAWS",
    "GiveNumber",
    "GiveText",
    "Law",
    "MakeNote",
    "Observation",
    "Observed",
    "Reference",
    "SampleFailed",
    "Subject",
    "World",
    "check_interpreter",
    "delays",
    "failures",
    "law",
    "laws",
    "names",
    "programs",
    "schedules",
    "scripts",
]
