"""Programs: what to ask and what to do with the answers, as values that run nothing."""

from flowai.programs.agent_step import AgentStep, agent_step
from flowai.programs.function import Call, ProgramFunction, program
from flowai.programs.leaves import Fail, Pure, fail, pure
from flowai.programs.parallel import ForEach, Gather, Race, for_each, gather, race
from flowai.programs.program import Ask, Askable, Bind, Do, Map, Program, asked
from flowai.programs.recovery import Catch, Ensure, Fallback, Timeout, catch, ensure, fallback, timeout
from flowai.programs.retry import Retry, RetryPolicy, retry
from flowai.programs.tree import Tree

__all__ = [
    "AgentStep",
    "Ask",
    "Askable",
    "Bind",
    "Call",
    "Catch",
    "Do",
    "Ensure",
    "Fail",
    "Fallback",
    "ForEach",
    "Gather",
    "Map",
    "Program",
    "ProgramFunction",
    "Pure",
    "Race",
    "Retry",
    "RetryPolicy",
    "Timeout",
    "Tree",
    "agent_step",
    "asked",
    "catch",
    "ensure",
    "fail",
    "fallback",
    "for_each",
    "gather",
    "program",
    "pure",
    "race",
    "retry",
    "timeout",
]
