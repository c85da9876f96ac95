"""A handler is a function of its effect, async or not, and the result answers that effect."""

from __future__ import annotations

from typing import Any, assert_type

from flowai import AwaitApproval, CallModel, CallTool, Do, Models, program
from flowai.interpreters import Eval, Live, Test
from tests.typing.tools import AskOracle, RollDice


@program
def counsel(question: str) -> Do[Models | AskOracle | RollDice, str]:
    """Ask a model and two effects of one's own."""
    said = yield from CallModel("m", question)
    rolled = yield from RollDice()
    return (yield from AskOracle(said * rolled))


def roll(effect: RollDice) -> int:
    """Answer at once."""
    return effect.sides


async def ask(effect: AskOracle) -> str:
    """Answer later."""
    return effect.question


class Oracle:
    """A handler that is an object."""

    async def __call__(self, effect: AskOracle) -> str:
        """Answer later."""
        return effect.question


def gateway(call: CallModel) -> str:
    """Answer what every interpreter answers; no one has to say which type was asked for."""
    return call.model


async def later(call: CallModel[Any]) -> Any:
    """Answer it later."""
    return call.model


def fetched(call: CallTool) -> Any:
    """Answer in place of a tool."""
    return call.arguments


def looked_at(approval: AwaitApproval) -> Any:
    """Answer in place of a human."""
    return approval.subject


test = Test().handling(AskOracle, ask).handling(RollDice, roll).handling(CallModel, gateway)
live = Live().handling(AskOracle, Oracle()).handling(RollDice, roll).handling(CallModel, later)
again = Eval(Test()).handling(AskOracle, ask).handling(RollDice, lambda dice: dice.sides)
desk = Test().handling(CallTool, fetched).handling(AwaitApproval, looked_at)

assert_type(test.run(counsel("why?")).value, str)
assert_type(live.run(counsel("why?")).value, str)
assert_type(again.run(counsel("why?")).value, str)
